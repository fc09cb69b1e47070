// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/processes_watch.h"

#include <absl/memory/memory.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

#include "base/pidfd.h"
#include "base/status_macros.h"

namespace conformance {

// The descriptor is lent: pidfd_ owns it, and outlives the waiter.
struct ProcessWatch::Waiter {
  Waiter(boost::asio::io_context& loop, int pidfd) : descriptor(loop, pidfd) {}
  ~Waiter() { (void)descriptor.release(); }
  boost::asio::posix::stream_descriptor descriptor;
};

absl::StatusOr<std::unique_ptr<ProcessWatch>> ProcessWatch::Open(boost::asio::io_context& loop,
                                                                 pid_t pid,
                                                                 std::function<void()> on_exit) {
  ASSIGN_OR_RETURN(base::UniqueFd pidfd, base::OpenPidfd(pid));
  return absl::WrapUnique(new ProcessWatch(loop, std::move(pidfd), std::move(on_exit)));
}

ProcessWatch::ProcessWatch(boost::asio::io_context& loop, base::UniqueFd pidfd,
                           std::function<void()> on_exit)
    : pidfd_(std::move(pidfd)), waiter_(std::make_unique<Waiter>(loop, pidfd_.get())) {
  waiter_->descriptor.async_wait(
      boost::asio::posix::descriptor_base::wait_read,
      [callback = std::move(on_exit)](const boost::system::error_code& error) {
        if (!error) callback();
      });
}

ProcessWatch::~ProcessWatch() = default;

bool ProcessWatch::HasExited() const { return base::HasExited(pidfd_); }

}  // namespace conformance
