// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/adopted_process.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "base/pidfd.h"
#include "base/status_macros.h"
#include "container/recorded_process.h"

namespace backends {
namespace {

constexpr int kUnknownExitCode = 255;

}  // namespace

absl::StatusOr<pid_t> AdoptedProcess::Adopt(const std::string& pid_file,
                                            shim::ExitCallback on_exit) {
  ASSIGN_OR_RETURN(pid_, container::ReadPidFile(pid_file));
  absl::StatusOr<base::UniqueFd> pidfd = base::OpenPidfd(pid_);
  if (pidfd.ok()) {
    // Not reaped yet, and cannot be before the loop runs again.
    pidfd_ = *std::move(pidfd);
    watch_ = host_.context.reaper.OnExit(pid_, std::move(on_exit));
    return pid_;
  }
  if (!absl::IsNotFound(pidfd.status())) return pidfd.status();
  const base::ExitStatus unknown{
      .pid = pid_, .code = kUnknownExitCode, .signal = 0, .at = std::chrono::system_clock::now()};
  boost::asio::post(
      host_.context.loop,
      guard_.Wrap([on_exit = std::move(on_exit),
                   status = host_.orphans.Take(pid_).value_or(unknown)] { on_exit(status); }));
  return pid_;
}

absl::Status AdoptedProcess::Signal(int signo) const {
  if (!alive() || base::HasExited(pidfd_)) return absl::NotFoundError("process already finished");
  return base::SendSignal(pidfd_, signo);
}

}  // namespace backends
