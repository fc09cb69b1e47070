// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <string>

#include "base/child_reaper.h"
#include "base/unique_fd.h"
#include "reference-shim/backends/oci/oci_host.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"

namespace backends {

// A process that an engine made and left to us, its subreaper.
class AdoptedProcess {
 public:
  explicit AdoptedProcess(OciHost& host) : host_(host) {}

  // Reads the pid that a Launch made the engine write, and watches it. `on_exit` comes later from
  // the loop, exactly once, even if the process has ended by now; with code 255 if it has ended
  // without our having been its parent (EXIT-04). Not after destruction.
  absl::StatusOr<pid_t> Adopt(const std::string& pid_file, shim::ExitCallback on_exit);

  [[nodiscard]] pid_t pid() const { return pid_; }  // 0 before
  [[nodiscard]] bool alive() const { return watch_.active(); }

  // NOT_FOUND when there is none (any more), INVALID_ARGUMENT for no signal number (KILL-05).
  absl::Status Signal(int signo) const;

 private:
  OciHost& host_;
  pid_t pid_ = 0;
  base::UniqueFd pidfd_;
  base::ChildReaper::Watch watch_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
