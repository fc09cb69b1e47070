// SPDX-License-Identifier: Apache-2.0
#include "base/child_reaper.h"

#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace base {

struct ChildReaper::Watch::Entry {
  Impl* reaper = nullptr;  // whose table holds this; null once fired, dropped or the reaper is gone
  pid_t pid = -1;
  ExitCallback callback;  // empty once called or dropped
};

struct ChildReaper::Impl {
  using Entries = std::vector<std::shared_ptr<Watch::Entry>>;

  explicit Impl(boost::asio::io_context& io) : loop(io), signals(io) {}
  ~Impl();
  absl::Status Open();
  void Arm();
  void PostScan();
  void Scan();
  bool Notify(const ExitStatus& status);
  bool NotifyWatches(Entries entries, const ExitStatus& status);
  void Forget(const Watch::Entry& entry);
  // Does not prolong the token's life: a callback may still end it.
  static Impl* Living(const std::weak_ptr<Impl*>& weak) {
    const std::shared_ptr<Impl*> token = weak.lock();
    return token != nullptr ? *token : nullptr;
  }

  boost::asio::io_context& loop;
  boost::asio::posix::stream_descriptor signals;
  std::unordered_map<pid_t, Entries> watches;
  ExitCallback orphan;
  sigset_t mask_before{};
  struct sigaction action_before {};
  bool opened = false;
  // Owned by the Impl alone; handlers in the loop's queue and scans under way hold weak pointers to
  // learn that it is gone.
  std::shared_ptr<Impl*> alive = std::make_shared<Impl*>(this);
};

ChildReaper::Impl::~Impl() {
  for (auto& [pid, entries] : watches) {
    for (auto& entry : entries) {
      entry->reaper = nullptr;
      entry->callback = nullptr;
    }
  }
  if (!opened) return;
  ::sigaction(SIGCHLD, &action_before, nullptr);
  if (::sigismember(&mask_before, SIGCHLD) == 0) {
    sigset_t only_child;
    ::sigemptyset(&only_child);
    ::sigaddset(&only_child, SIGCHLD);
    ::pthread_sigmask(SIG_UNBLOCK, &only_child, nullptr);
  }
}

absl::Status ChildReaper::Impl::Open() {
  sigset_t only_child;
  ::sigemptyset(&only_child);
  ::sigaddset(&only_child, SIGCHLD);
  UniqueFd fd(::signalfd(-1, &only_child, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, "signalfd");
  boost::system::error_code error;
  signals.assign(fd.get(), error);
  if (error) return ErrnoStatus(error.value(), "signalfd into the loop");
  (void)fd.release();  // `signals` owns it now

  struct sigaction default_action {};
  default_action.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &default_action, &action_before);
  ::pthread_sigmask(SIG_BLOCK, &only_child, &mask_before);
  opened = true;
  Arm();
  PostScan();  // for children whose SIGCHLD was lost before it was blocked
  return absl::OkStatus();
}

void ChildReaper::Impl::Arm() {
  signals.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [weak = std::weak_ptr<Impl*>(alive)](const boost::system::error_code& error) {
                       Impl* impl = Living(weak);
                       if (error || impl == nullptr) return;
                       // Emptied before the scan: an exit during it makes the descriptor readable
                       // again.
                       signalfd_siginfo drained[4];
                       while (::read(impl->signals.native_handle(), drained, sizeof(drained)) > 0) {
                       }
                       impl->Arm();
                       impl->Scan();
                     });
}

void ChildReaper::Impl::PostScan() {
  boost::asio::post(loop, [weak = std::weak_ptr<Impl*>(alive)] {
    if (Impl* impl = Living(weak)) impl->Scan();
  });
}

void ChildReaper::Impl::Scan() {
  for (int reaped = 0; reaped < kReapsPerTurnMax; ++reaped) {
    siginfo_t info{};
    while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
      if (errno != EINTR) return;  // ECHILD: no children at all
    }
    if (info.si_pid == 0) return;
    const ExitStatus status = ExitStatusOf(info);
    const bool still_here = Notify(status);
    // Only now does the pid become free for reuse, even if the reaper went meanwhile.
    while (::waitid(P_PID, static_cast<id_t>(status.pid), &info, WEXITED | WNOHANG) != 0 &&
           errno == EINTR) {
    }
    if (!still_here) return;
  }
  PostScan();
}

// False if a callback destroyed the reaper.
bool ChildReaper::Impl::Notify(const ExitStatus& status) {
  auto found = watches.find(status.pid);
  if (found == watches.end()) {
    if (!orphan) return true;
    const std::weak_ptr<Impl*> weak = alive;
    const ExitCallback callback = orphan;  // a copy: it may replace itself, or destroy all this
    callback(status);
    return !weak.expired();
  }
  // Repeated, since a callback may watch the same pid anew: it is still reserved, hence answered.
  while (found != watches.end()) {
    Entries entries = std::move(found->second);
    watches.erase(found);
    if (!NotifyWatches(std::move(entries), status)) return false;
    found = watches.find(status.pid);
  }
  return true;
}

bool ChildReaper::Impl::NotifyWatches(Entries entries, const ExitStatus& status) {
  const std::weak_ptr<Impl*> weak = alive;
  for (auto& entry : entries) entry->reaper = nullptr;
  for (auto& entry : entries) {
    const ExitCallback callback = std::exchange(entry->callback, nullptr);
    // Empty if its Watch went in an earlier callback, or with the reaper all the rest.
    if (callback && !weak.expired()) callback(status);
  }
  return !weak.expired();
}

void ChildReaper::Impl::Forget(const Watch::Entry& entry) {
  const auto found = watches.find(entry.pid);
  if (found == watches.end()) return;
  Entries& entries = found->second;
  entries.erase(std::remove_if(entries.begin(), entries.end(),
                               [&entry](const auto& held) { return held.get() == &entry; }),
                entries.end());
  if (entries.empty()) watches.erase(found);
}

ChildReaper::Watch& ChildReaper::Watch::operator=(Watch&& other) noexcept {
  if (this != &other) {
    Watch dropped;
    dropped.entry_ = std::exchange(entry_, std::move(other.entry_));
  }
  return *this;
}

ChildReaper::Watch::~Watch() {
  if (entry_ == nullptr) return;
  if (entry_->reaper != nullptr) std::exchange(entry_->reaper, nullptr)->Forget(*entry_);
  // Destroyed last and outside the entry: what the callback owns may come back to this reaper.
  const ExitCallback dropped = std::exchange(entry_->callback, nullptr);
}

bool ChildReaper::Watch::active() const {
  return entry_ != nullptr && static_cast<bool>(entry_->callback);
}

ChildReaper::ChildReaper(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ChildReaper::~ChildReaper() = default;

absl::StatusOr<std::unique_ptr<ChildReaper>> ChildReaper::Create(boost::asio::io_context& loop) {
  auto impl = std::make_unique<Impl>(loop);
  RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<ChildReaper>(new ChildReaper(std::move(impl)));
}

ChildReaper::Watch ChildReaper::OnExit(pid_t pid, ExitCallback callback) {
  Watch watch;
  watch.entry_ = std::make_shared<Watch::Entry>();
  watch.entry_->reaper = impl_.get();
  watch.entry_->pid = pid;
  watch.entry_->callback = std::move(callback);
  impl_->watches[pid].push_back(watch.entry_);
  return watch;
}

void ChildReaper::OnOrphan(ExitCallback callback) { impl_->orphan = std::move(callback); }

}  // namespace base
