// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <sys/types.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "base/child_reaper.h"
#include "base/spawn.h"
#include "container/sync_socket.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"
#include "reference-shim/stage/stage_plan.h"

namespace backends {

// What a stage is started with. Descriptors are borrowed for the call.
struct StageSpec {
  std::string program;
  int code = -1;
  const shim::ProcessIo* io = nullptr;  // with a terminal it hands over nothing but `on_console`
  int namespaces = 0;                   // fresh ones, CLONE_NEW*
  int pid_namespace = -1;               // an existing one
  int container = -1;                   // a further process: pidfd of the first one
};

// One process of a Wasm task, from its spawn to its end: it begins as shimgauge-stage and never
// becomes another program.
class StageProcess {
 public:
  // `context` is borrowed. `name` is what the log calls it.
  StageProcess(const shim::BackendContext& context, std::string name);
  // Kills a process that still runs, unless it was released. Callbacks that have not come by then
  // never come.
  ~StageProcess();
  StageProcess(const StageProcess&) = delete;
  StageProcess& operator=(const StageProcess&) = delete;

  // Call once. The program is loaded, and waits.
  absl::Status Spawn(StageSpec spec);
  // Once after that: what it shall become. What the plan names must be there.
  absl::Status GivePlan(const stage::StagePlan& plan);

  [[nodiscard]] pid_t pid() const { return child_.pid; }  // -1 before
  [[nodiscard]] const base::UniqueFd& pidfd() const { return child_.pidfd; }
  [[nodiscard]] bool alive() const { return watch_.active(); }
  // Once it has failed: whether the reason was that the engine does not take the code.
  [[nodiscard]] bool refused_code() const;

  absl::Status Send(container::SyncKind kind) const { return control_.Send(kind); }

  // One at a time. `done` comes, at once or later from the loop, when the stage says `kind`. It
  // gets the stage's own words if it fails instead, and its end is then over; UNAVAILABLE if it was
  // killed, DEADLINE_EXCEEDED if it was killed by us after `timeout`. It may destroy this.
  void Await(container::SyncKind kind, std::chrono::milliseconds timeout, shim::Done<> done);

  // The terminal, which the stage sends before kReady and kStarted, goes to its `on_console`.
  absl::Status PassConsole();

  // `on_exit` comes once from the loop when the process ends, after all that Await has to tell.
  void OnExit(shim::ExitCallback on_exit) { on_exit_ = std::move(on_exit); }

  // From now on it lives on when this goes. One that has not got its start yet ends all the same,
  // since nobody is left to give it.
  void Release() { released_ = true; }

  // NOT_FOUND when it has ended, INVALID_ARGUMENT for no signal number (KILL-05).
  [[nodiscard]] absl::Status Signal(int signo) const;

 private:
  absl::Status Listen();
  // What it still has to say, it says when it ends.
  void StopListening();
  void AwaitMessage();
  // False if this was destroyed meanwhile.
  bool ReadMessages();
  void Take(const container::SyncMessage& message);
  void OnEnd(const base::ExitStatus& status);
  void Answer(absl::Status status);

  const shim::BackendContext& context_;
  std::string name_;
  container::SyncSocket control_{base::UniqueFd()};
  base::UniqueFd plan_;  // until it is given
  base::UniqueFd console_;
  std::function<void(base::UniqueFd)> on_console_;
  boost::asio::posix::stream_descriptor readable_;  // borrows control_'s descriptor
  base::Child child_;
  base::ChildReaper::Watch watch_;
  shim::ExitCallback on_exit_;
  container::SyncKind awaited_ = container::SyncKind::kFailed;
  shim::Done<> done_;
  std::string failure_;  // what the stage said before it ended
  std::optional<base::ExitStatus> exit_;
  bool timed_out_ = false;
  bool released_ = false;
  shim::Deadline deadline_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
