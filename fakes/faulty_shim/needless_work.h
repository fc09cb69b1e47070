// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace fakes {

// What a process has taken so far, for Stretch.
struct TimeUsed {
  std::chrono::steady_clock::time_point at;
  std::chrono::nanoseconds cpu{0};  // includes what came before main()
  static TimeUsed Now();
};

// Works for `percent` of the time that the process has lived, which is `begun.cpu` at `begun.at`
// and the time since; the work is system calls.
void Stretch(const TimeUsed& begun, std::int64_t percent);

// What the rule `stretch command` asks for, at the end of a command of the shim: by main(), and by
// _exit() where the shim leaves that way.
void StretchCommand();

// Makes one child process, which ends at once, and waits for it.
void ForkOnce();

// Reads the config.json of `bundle` and of every directory beside it, `times` times each: what
// grows with the number of tasks on the host.
void VisitBundles(const std::string& bundle, std::int64_t times);

}  // namespace fakes
