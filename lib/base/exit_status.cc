// SPDX-License-Identifier: Apache-2.0
#include "base/exit_status.h"

namespace base {

unsigned ExitStatus::ShellStatus() const {
  return static_cast<unsigned>(signal != 0 ? 128 + signal : code);
}

ExitStatus ExitStatusOf(const siginfo_t& info) {
  ExitStatus status;
  status.pid = info.si_pid;
  status.at = std::chrono::system_clock::now();
  (info.si_code == CLD_EXITED ? status.code : status.signal) = info.si_status;
  return status;
}

}  // namespace base
