// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "reference-shim/backends/oci/console_socket.h"
#include "reference-shim/backends/oci/engine.h"
#include "reference-shim/backends/oci/orphan_ledger.h"
#include "reference-shim/shim/backend.h"

namespace backends {

struct LaunchSpec {
  EngineCommand command;     // without --pid-file and --console-socket
  std::string pid_file;      // where the engine shall write the pid
  std::string console_name;  // of a socket file in the bundle
  shim::ProcessIo io;
};

// An engine command that makes a process: create, restore and exec. Waits for the engine, then for
// the console if there is one. What was made is then ready to be adopted (AdoptedProcess), which
// must happen before this object goes: until then no exit of it is lost. Destroying it earlier
// kills the engine command.
class Launch {
 public:
  // Both borrowed.
  Launch(OciHost& host, const Engine& engine);

  // Call once. `done` comes later from the loop, or at once if the engine cannot be run. The
  // console is delivered before it.
  void Run(LaunchSpec spec, shim::Done<> done);

 private:
  enum class State { kIdle, kEngine, kConsole, kFinished };
  void OnEngine(const absl::StatusOr<std::string>& result);
  void OnConsole(absl::StatusOr<base::UniqueFd> console);
  void Finish(const absl::Status& status);

  OciHost& host_;
  const Engine& engine_;
  State state_ = State::kIdle;
  OrphanLedger::Ticket ticket_;
  std::function<void(base::UniqueFd)> on_console_;
  std::unique_ptr<ConsoleSocket> console_;
  std::unique_ptr<EngineRun> run_;
  shim::Done<> done_;
};

}  // namespace backends
