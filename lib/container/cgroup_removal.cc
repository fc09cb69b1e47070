// SPDX-License-Identifier: Apache-2.0
#include "container/cgroup_removal.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <utility>
#include <vector>

#include "base/pidfd.h"

namespace container {

struct CgroupRemoval::Impl {
  Impl(boost::asio::io_context& io, Cgroup group, CgroupEnd how,
       absl::AnyInvocable<void(absl::Status)> callback)
      : loop(io),
        cgroup(std::move(group)),
        end(how),
        done(std::move(callback)),
        survivor(io),
        limit(io) {}
  void Begin(std::chrono::milliseconds timeout);
  void Step();
  bool AwaitOne(const std::vector<pid_t>& pids);
  void Finish(absl::Status status);
  // Runs `step` of this object, if there still is one then.
  template <typename Step>
  auto Later(Step step) {
    return [weak = std::weak_ptr<Impl*>(alive), step](const boost::system::error_code& error = {}) {
      const auto held = weak.lock();
      if (held == nullptr || error == boost::asio::error::operation_aborted) return;
      step(**held);
    };
  }

  boost::asio::io_context& loop;
  Cgroup cgroup;
  CgroupEnd end;
  absl::AnyInvocable<void(absl::Status)> done;
  boost::asio::posix::stream_descriptor survivor;  // pidfd of a process that is waited for
  boost::asio::steady_timer limit;
  // Owned here alone; handlers in the loop's queue look weakly.
  std::shared_ptr<Impl*> alive = std::make_shared<Impl*>(this);
};

void CgroupRemoval::Impl::Begin(std::chrono::milliseconds timeout) {
  limit.expires_after(timeout);
  limit.async_wait(Later([](Impl& impl) {
    impl.Finish(absl::DeadlineExceededError("a process is still in the cgroup"));
  }));
  boost::asio::post(loop, Later([](Impl& impl) { impl.Step(); }));
}

void CgroupRemoval::Impl::Step() {
  boost::system::error_code ignored;
  survivor.close(ignored);
  // Each time anew, for what appeared meanwhile.
  if (end == CgroupEnd::kKill) (void)SignalAll(cgroup, SIGKILL);
  const absl::StatusOr<std::vector<pid_t>> pids = ListProcesses(cgroup);
  if (!pids.ok()) return Finish(pids.status());
  if (AwaitOne(*pids)) return;
  Finish(end == CgroupEnd::kKill ? Remove(cgroup) : RemoveLeaf(cgroup));
}

// False if all of them are gone.
bool CgroupRemoval::Impl::AwaitOne(const std::vector<pid_t>& pids) {
  for (const pid_t pid : pids) {
    absl::StatusOr<base::UniqueFd> pidfd = base::OpenPidfd(pid);
    if (!pidfd.ok()) continue;
    boost::system::error_code error;
    survivor.assign(pidfd->get(), error);
    if (error) continue;
    (void)pidfd->release();  // `survivor` owns it now
    survivor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        Later([](Impl& impl) { impl.Step(); }));
    return true;
  }
  return false;
}

void CgroupRemoval::Impl::Finish(absl::Status status) {
  alive.reset();
  limit.cancel();
  std::exchange(done, nullptr)(std::move(status));  // may destroy this
}

CgroupRemoval::CgroupRemoval(boost::asio::io_context& loop, Cgroup cgroup, CgroupEnd end,
                             std::chrono::milliseconds timeout,
                             absl::AnyInvocable<void(absl::Status)> done)
    : impl_(std::make_unique<Impl>(loop, std::move(cgroup), end, std::move(done))) {
  impl_->Begin(timeout);
}

CgroupRemoval::~CgroupRemoval() = default;

}  // namespace container
