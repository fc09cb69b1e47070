// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

namespace shim {

enum class ProcessKind { kInit, kExec };

// An exec is never kPaused: that is a property of its container.
enum class ProcessState { kCreated, kRunning, kPaused, kStopped, kDeleted };

// What may happen to a process. kStartExec and kExec are asked of the container's init, kExit is
// the process' own end.
enum class Verb {
  kStart,
  kPause,
  kResume,
  kKill,
  kExec,
  kStartExec,
  kUpdate,
  kCheckpoint,
  kPids,
  kStats,
  kResize,
  kCloseIo,
  kWait,
  kDelete,
  kExit,
};

absl::string_view StateName(ProcessState state);
absl::string_view VerbName(Verb verb);

// The states of one process and the one table of what is legal in which (contract 4.2). Execs use
// the same table through rows of their own where they differ.
class Lifecycle {
 public:
  explicit Lifecycle(ProcessKind kind) : kind_(kind) {}

  [[nodiscard]] ProcessState state() const { return state_; }

  // OK when `verb` is legal now. Otherwise FAILED_PRECONDITION naming verb and state, or NOT_FOUND
  // where clients depend on it: killing what has exited (KILL-02), anything after Delete.
  [[nodiscard]] absl::Status Check(Verb verb) const;

  // `verb` has succeeded: moves to the state it leads to. False, and no move, when the process has
  // changed meanwhile so that `verb` is not legal any more (it exited while being paused).
  bool Complete(Verb verb);

 private:
  ProcessKind kind_;
  ProcessState state_ = ProcessState::kCreated;
};

}  // namespace shim
