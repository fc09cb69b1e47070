// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/process.h"
#include "reference-shim/shim/task_context.h"

namespace shim {

// One exec of a container, from Exec to its Delete. Checks nothing: its Task decides what is legal
// and tells the world.
class ExecProcess {
 public:
  // `process_json` as ExecSpec wants it. `exited` runs when the process has ended, the exit
  // recorded in process().
  ExecProcess(const TaskContext& context, std::string id, std::string process_json,
              StdioNames names, std::function<void(ExecProcess&)> exited);
  ExecProcess(const ExecProcess&) = delete;
  ExecProcess& operator=(const ExecProcess&) = delete;

  [[nodiscard]] Process& process() { return process_; }

  // Opens the stdio (IO-28), then runs the program in `container`, which outlives this. After a
  // failure all is as before and Start may be called again (START-36).
  void Start(Workload& container, IoOwner owner, Done<pid_t> done);

  // Only while running.
  void Signal(int signo, Done<> done);
  // Only for a terminal that the shim cannot resize itself.
  void Resize(WindowSize size, Done<> done);

  // As ExecWorkload::Flush; completes at once where the program never ran.
  void Flush(Done<> done);
  // Gives the backend's part back, `<exec>.pid` included. Ends a program that still runs.
  void ReleaseWorkload() { workload_.reset(); }

 private:
  void Launch(Workload& container, Done<pid_t> done);
  void Fail(absl::Status status, Done<pid_t> done);

  const TaskContext& context_;
  Process process_;
  std::string process_json_;
  std::function<void(ExecProcess&)> exited_;
  std::unique_ptr<ExecWorkload> workload_;
  CallbackGuard guard_;
};

}  // namespace shim
