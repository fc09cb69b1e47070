// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <sys/wait.h>

#include <chrono>

namespace base {

// How a process ended. `at` is when this process saw it, wall clock.
struct ExitStatus {
  pid_t pid = -1;
  int code = 0;    // exit code 0..255; meaningless when signal != 0
  int signal = 0;  // terminating signal, 0 after a normal exit
  std::chrono::system_clock::time_point at;
  // Shell convention, what containerd expects: code, or 128 + signal (EXIT-01, EXIT-02).
  [[nodiscard]] unsigned ShellStatus() const;
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

// What a successful waitid(WEXITED) reported, seen now.
ExitStatus ExitStatusOf(const siginfo_t& info);

}  // namespace base
