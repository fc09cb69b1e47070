// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "base/exit_status.h"
#include "reference-shim/shim/exit_record.h"
#include "reference-shim/shim/exit_waiters.h"
#include "reference-shim/shim/lifecycle.h"
#include "reference-shim/shim/stdio.h"
#include "task/v3/task.pb.h"

namespace shim {

// What the init of a container and its execs have in common: who they are, their state, their
// stdio, their end and who waits for it. Knows no backend.
class Process {
 public:
  // `id`: the container id for the init, else the exec id.
  Process(ProcessKind kind, std::string id, StdioNames names)
      : id_(std::move(id)), names_(std::move(names)), life_(kind) {}

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const StdioNames& names() const { return names_; }
  [[nodiscard]] Lifecycle& life() { return life_; }
  [[nodiscard]] ProcessState state() const { return life_.state(); }
  // 0 before there is a process, and for an exec that never ran.
  [[nodiscard]] pid_t pid() const { return pid_; }
  void set_pid(pid_t pid) { pid_ = pid; }
  // nullopt until Exited.
  [[nodiscard]] const std::optional<ProcessExit>& exit() const { return exit_; }

  // What the process was created with; owned until the process is deleted.
  [[nodiscard]] Stdio* stdio() { return stdio_.get(); }
  void set_stdio(std::unique_ptr<Stdio> stdio) { stdio_ = std::move(stdio); }
  // CloseIO, also before there is any stdio: it is remembered then.
  void CloseInput();
  [[nodiscard]] bool input_closed() const { return input_closed_; }

  // ResizePty as far as the shim can do it: remembered until there is a terminal (IO-47), no effect
  // without one (PTY-02). nullopt: only the backend can resize this one.
  std::optional<absl::Status> Resize(WindowSize size);
  [[nodiscard]] const std::optional<WindowSize>& size() const { return size_; }

  // The process has ended: state, exit and stdin. Waiters are told by Announce, which the caller
  // may hold back. False if it was not running (any more).
  bool Exited(const base::ExitStatus& status);
  // Answers everybody who waits, now and later, with the exit.
  void Announce();
  [[nodiscard]] bool announced() const { return announced_; }

  // Answers with the exit once announced (WAIT-01...05). After a failed start it answers at once,
  // with status 0 and no time, as clients know it (START-36).
  void Wait(WaitReply reply);
  void StartFailed();
  void StartSucceeded(pid_t pid);
  // Lets waiters go because the process is deleted without having run (WAIT-07).
  void ReleaseWaiters(const absl::Status& status) { waiters_.Release(status); }

  // Everything but status and bundle (STATE-01, STATE-02, TASK-09).
  void Describe(containerd::task::v3::StateResponse& response) const;

 private:
  std::string id_;
  StdioNames names_;
  Lifecycle life_;
  pid_t pid_ = 0;
  std::optional<ProcessExit> exit_;
  bool announced_ = false;
  bool start_failed_ = false;
  bool input_closed_ = false;
  std::optional<WindowSize> size_;
  std::unique_ptr<Stdio> stdio_;
  ExitWaiters waiters_;
};

}  // namespace shim
