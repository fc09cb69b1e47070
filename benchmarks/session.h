// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <sched.h>
#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "benchmarks/syscall_tracer.h"
#include "benchmarks/wire.h"

namespace benchmarks {

using Milliseconds = std::chrono::duration<double, std::milli>;

// What all sessions of a run have in common.
struct SessionSetting {
  std::string fixtures;             // directory of the programs that run in containers
  std::string engine;               // absolute path, resolved
  std::optional<cpu_set_t> daemon;  // where shims run; nullopt: anywhere
};

// One daemon of a shim with its tasks, as containerd would drive it, inside the current world (see
// bench_world.h). Calls are made one after the other unless they say otherwise. Not for concurrent
// use. The destructor kills the daemon.
class Session {
 public:
  // `shim` is an absolute path. `wire` serves this session alone while it lives.
  Session(const SessionSetting& setting, Wire& wire, std::string shim, std::string id);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Makes the bundle; not part of any figure.
  absl::Status Prepare();
  // From exec of `start` to the end of its output.
  absl::StatusOr<Milliseconds> Start();
  // The same under a tracer, which goes on counting while the session lives. Not to be timed.
  absl::Status StartTraced();
  // From connect(2) to the reply of Connect.
  absl::StatusOr<Milliseconds> Connect();

  // Each from the request to its reply.
  absl::StatusOr<Milliseconds> Create();
  absl::StatusOr<Milliseconds> StartTask();
  absl::StatusOr<Milliseconds> State();
  absl::StatusOr<Milliseconds> KillAndWait();
  absl::StatusOr<Milliseconds> Delete();
  // Exec and Start of a short program in the running task; then, untimed, its Wait and Delete.
  absl::StatusOr<Milliseconds> Exec();
  // Kills the task's init behind the shim's back: from there to the exit event.
  absl::StatusOr<Milliseconds> ExitToEvent();
  // Shutdown to the end of the daemon.
  absl::StatusOr<Milliseconds> Shutdown();
  // Kills the daemon, whose task runs on, and runs the `delete` command.
  absl::StatusOr<Milliseconds> DeleteBinary();
  // The events of a task from its creation to its deletion; those of earlier tasks are gone before.
  absl::Status AwaitCycleEvents(bool exit_too);
  // Create, Start, one Exec, Kill, Wait, Delete, and all their events.
  absl::Status LifeCycle();

  // `count` of these, `parallel` at a time on the one connection; how long all took together.
  absl::StatusOr<Milliseconds> ManyTasks(int parallel, int count);
  absl::StatusOr<Milliseconds> ManyExecs(int parallel, int count);

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const SyscallTracer& tracer() const { return *tracer_; }

 private:
  struct Steps;
  absl::StatusOr<std::string> Call(absl::string_view method, const std::string& payload);
  absl::StatusOr<Milliseconds> Timed(absl::string_view method, const std::string& payload);
  absl::StatusOr<std::string> RunStart(bool traced, Milliseconds* took);
  absl::Status UseAddress(const std::string& output);
  absl::StatusOr<Milliseconds> RunMany(int parallel, int count, const Steps& steps);
  absl::Status MakeTaskBundle(const std::string& id);
  [[nodiscard]] std::string CreateRequest(const std::string& id) const;
  [[nodiscard]] std::string ExecRequest(const std::string& exec_id) const;
  absl::Status DrainLog();

  const SessionSetting& setting_;
  Wire& wire_;
  const std::string shim_;
  const std::string id_;
  std::string process_;  // JSON of what Exec runs
  std::string socket_path_;
  std::string service_;
  base::UniqueFd log_;
  pid_t pid_ = -1;
  pid_t init_ = -1;
  int serial_ = 0;
  std::unique_ptr<SyscallTracer> tracer_;
};

}  // namespace benchmarks
