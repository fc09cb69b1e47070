// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "container/cgroup.h"
#include "oci/spec.h"

// What shim and stage agree on, besides the messages of container/sync_socket.h: the shim runs
// shimgauge-stage in its fresh namespaces with the descriptors below, and says kGo once the plan is
// there and what it names; the stage is then the first process of a container
// (container/container_init.h: kMounted if PausesWhenMounted(), kReady, start by kGo; if there are
// startContainer hooks kHooked, upon which the shim hides file systems of processes and says kGo;
// kStarted), or a further one of it (kStarted). Once the guest runs it may say kEnded and why, and
// then ends.
namespace stage {

inline constexpr char kStageProgram[] = "shimgauge-stage";

// Its descriptors besides 0, 1 and 2, which are the guest's.
inline constexpr int kControlFd = 3;    // SyncSocket
inline constexpr int kArtefactFd = 4;   // native code for WasmEngine::Load
inline constexpr int kPlanFd = 5;       // reads as a StagePlan
inline constexpr int kConsoleFd = 6;    // where the terminal goes, if process.terminal
inline constexpr int kContainerFd = 7;  // a further process: pidfd of the container's first one

// How a guest that trapped, or that reached one of its limits, ends: as an abort would.
inline constexpr int kTrapExitCode = 134;
// How a stage ends whose engine did not take the code: it is to be compiled anew.
inline constexpr int kCodeRefusedExitCode = 3;

struct StagePlan {
  std::string id;
  std::string bundle;        // absolute; its config.json is what the container is made from
  container::Cgroup cgroup;  // there already; empty: none
  std::string config;        // of the native code (wasm_config.h)
  std::string entry;         // exported function to call; empty: the command's own
  std::uint64_t memory_bytes_max = 0;  // of linear memories; 0: no limit of our own
  std::uint64_t fuel = 0;              // how much the guest may execute; 0: no limit
  std::uint64_t run_ms_max = 0;        // from start on; 0: no limit
  bool no_pivot = false;
  bool new_keyring = true;
  // A further process: its OCI process object, and the pid of the container's first one.
  std::string process_json;
  pid_t container_pid = 0;
  friend bool operator==(const StagePlan&, const StagePlan&) = default;
};

// Whether the first process of a container waits with its mounts made, for hooks that the shim
// runs.
bool PausesWhenMounted(const oci::Spec& spec);

// One line of JSON. `process_json` must be JSON.
std::string WriteStagePlan(const StagePlan& plan);

// INVALID_ARGUMENT for anything else.
absl::StatusOr<StagePlan> ParseStagePlan(absl::string_view json);

}  // namespace stage
