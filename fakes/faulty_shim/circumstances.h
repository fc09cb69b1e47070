// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

namespace fakes {

// What else may have to be the case for a rule to fire, by name:
//   stopped-init     a process of a container, a child of ours, is stopped
//   stopped-worker   a process of ours (rule `leak ... what=child`) is stopped
//   starting-exec    an exec is being started
//   continued        this process was stopped since this was asked last
//   unread-output    what a process wrote into its FIFOs waits for a reader
//   unread-input     what a client wrote into the FIFO of a stdin waits for the process
inline constexpr absl::string_view kCircumstances =
    "stopped-init stopped-worker starting-exec continued unread-output unread-input";
bool IsTheCase(absl::string_view circumstance);

// Counts execs that are being started for as long as it lives.
class ExecStarting {
 public:
  ExecStarting();
  ~ExecStarting();
  ExecStarting(const ExecStarting&) = delete;
  ExecStarting& operator=(const ExecStarting&) = delete;
};

}  // namespace fakes
