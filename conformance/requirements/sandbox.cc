// SPDX-License-Identifier: Apache-2.0
#include "conformance/requirements/sections.h"

namespace conformance {
namespace {

constexpr Validity kSince2_0 = {.since = "2.0"};

constexpr absl::string_view kSpecIsContainerds =
    "What the specification of a sandbox has to say is between a shim and the user of its pods; "
    "containerd stores it unread.";
constexpr absl::string_view kNeedsStreaming =
    "Needs a shim that serves containerd.services.streaming.v1, for guests that FIFOs do not "
    "reach; "
    "what a shim without it owes is IO-38.";
constexpr absl::string_view kContainerd =
    "Says what containerd itself calls, stores or publishes; no answer of a shim meets or breaks "
    "it.";

std::vector<Requirement> SandboxCalls() {
  return {
      {"SBX-01", Level::kMust,
       "CreateSandbox is the first call after `start` and may only prepare.",
       "containerd sandbox.proto; sandbox controller", kSince2_0},
      {"SBX-02", Level::kMust,
       "CreateSandbox gets the pod's configuration and network namespace and no rootfs.",
       "containerd CRI sandbox_run.go", kSince2_0},
      {"SBX-03", Level::kMust, "ShutdownSandbox is accepted in any state.",
       "containerd sandbox controller, clean-up", kSince2_0},
      {"SBX-04", Level::kMust,
       "StartSandbox returns the sandbox's pid, or 0, and its creation time.",
       "containerd sandbox controller", kSince2_0},
      {"SBX-05",
       Level::kMay,
       "StartSandbox may return a spec that replaces the stored one.",
       "containerd sandbox controller",
       {.since = "2.3"},
       kSpecIsContainerds},
      {"SBX-06", Level::kMust, "WaitSandbox stays pending until the sandbox ends.",
       "containerd CRI events", kSince2_0},
      {"SBX-07", Level::kMust,
       "After StopSandbox pending and later waits return the same end at once.",
       "containerd CRI events", kSince2_0},
      {"SBX-08", Level::kMust, "Platform names operating system and architecture as Go does.",
       "containerd CRI container_create.go", kSince2_0},
      {"SBX-09", Level::kMust, "The state of a sandbox is SANDBOX_READY or SANDBOX_NOTREADY.",
       "containerd CRI sandbox_status.go", kSince2_0},
      {"SBX-10", Level::kMust, "SandboxStatus repeats the id and the pid of StartSandbox.",
       "containerd CRI container_create.go", kSince2_0},
      {"SBX-11", Level::kShould,
       "SandboxStatus carries the creation time, and later the exit time.",
       "containerd CRI sandbox_status.go", kSince2_0},
      {"SBX-12", Level::kShould, "Verbose information under the key `info` is JSON.",
       "containerd CRI sandbox_status.go", kSince2_0},
      {"SBX-13", Level::kShould, "A sandbox the shim still has is never answered with code 5.",
       "containerd sandbox controller Status", kSince2_0},
      {"SBX-14", Level::kMust, "StopSandbox may be repeated and keeps to its timeout.",
       "containerd CRI sandbox_stop.go", kSince2_0},
      {"SBX-15", Level::kMust, "StopSandbox does not end the shim.", "docs/sandbox-api.md",
       kSince2_0},
      {"SBX-16", Level::kMust, "ShutdownSandbox ends the shim.", "containerd sandbox.proto",
       kSince2_0},
      {"SBX-17", Level::kShould, "ShutdownSandbox is answered before the connection closes.",
       "containerd CRI sandbox_remove.go", kSince2_0},
      {"SBX-18", Level::kMay, "`delete` copes with the bundle of a sandbox.",
       "containerd core/runtime/v2/shim_manager.go", kSince2_0},
      {"SBX-19", Level::kMay, "PingSandbox is not called today.", "containerd", kSince2_0,
       kContainerd},
      {"SBX-20", Level::kShould, "SandboxMetrics feeds the metrics of pods; code 12 is tolerated.",
       "containerd CRI sandbox_stats", kSince2_0},
      {"SBX-21",
       Level::kMust,
       "`start` for a sandbox works without a config.json.",
       "containerd core/runtime/v2/bundle.go",
       {.since = "2.3"}},
      {"SBX-22", Level::kShould,
       "Calls out of order or for an unknown sandbox end with code 5 or 9, a duplicate with 6.",
       "containerd sandbox controller", kSince2_0},
  };
}

std::vector<Requirement> SandboxTasks() {
  return {
      {"SBX-30", Level::kMust,
       "A shim of version 3 gets one connection per container of its sandbox and no `start`.",
       "containerd core/runtime/v2/shim_manager.go Start", kSince2_0},
      {"SBX-31", Level::kMust, "The sandbox's address is remembered with its protocol in front.",
       "containerd core/runtime/v2/shim_manager.go", kSince2_0, kContainerd},
      {"SBX-32", Level::kMust, "Shutdown does not end a shim whose sandbox exists.",
       "docs/sandbox-api.md, Shutdown behavior", kSince2_0},
      {"SBX-33", Level::kMust,
       "Closing one container's connection ends neither its siblings nor the sandbox.",
       "containerd core/runtime/v2/shim_manager.go", kSince2_0},
      {"SBX-34", Level::kMust,
       "`delete` of a container after a restart does not touch the sandbox.",
       "containerd core/runtime/v2/shim_load.go", kSince2_0},
      {"SBX-35", Level::kMust,
       "Container ends are told by /tasks/exit alone, the sandbox's end by WaitSandbox alone.",
       "containerd CRI events", kSince2_0},
      {"SBX-36",
       Level::kMay,
       "containerd 2.0 does not find its sandbox shims after a restart.",
       "containerd sandbox controller",
       {.since = "2.0", .until = "2.0"},
       kContainerd},
      {"SBX-37", Level::kMust,
       "The task service answers for the sandbox's own id: Connect, Pids, "
       "State.",
       "containerd core/runtime/v2/shim_load.go", kSince2_0},
      {"SBX-38", Level::kMay, "The bundle of a sandboxed container has no shim-binary-path.",
       "containerd core/runtime/v2", kSince2_0, kContainerd},
      {"SBX-39", Level::kMay, "Events of sandboxes are published by containerd, never by the shim.",
       "containerd sandbox controller", kSince2_0},
      {"SBX-40",
       Level::kMay,
       "The runc shim of 1.7 answers the Sandbox API with a stub.",
       "reference shim 1.7",
       {.since = "1.7", .until = "1.7"},
       "Describes a stub in one release of one shim, which no client relies on."},
  };
}

std::vector<Requirement> StreamingStdio() {
  return {
      {"IO-33", Level::kMay, "stdio may be URIs of streams at the shim's own address.",
       "containerd CRI io/helpers.go newStreams", kSince2_0, kNeedsStreaming},
      {"IO-34", Level::kMust, "A stream begins with its id and is acknowledged before data flows.",
       "containerd core/streaming/proxy", kSince2_0, kNeedsStreaming},
      {"IO-35", Level::kMust, "Data is sent only within the window the receiver has granted.",
       "containerd core/transfer/streaming", kSince2_0, kNeedsStreaming},
      {"IO-36", Level::kMust, "The end of output is the end of its stream, and so for input.",
       "containerd core/transfer/streaming", kSince2_0, kNeedsStreaming},
      {"IO-37", Level::kMust, "A stream's id can be opened again after the connection was lost.",
       "containerd CRI io/container_io.go", kSince2_0, kNeedsStreaming},
      {"IO-38", Level::kMust,
       "A shim without streams answers the service with code 12 and refuses such a stdio URI.",
       "reference shim", kSince2_0},
  };
}

}  // namespace

void AddSandboxRequirements(std::vector<Requirement>& rows) {
  for (const std::vector<Requirement>& section :
       {SandboxCalls(), SandboxTasks(), StreamingStdio()}) {
    rows.insert(rows.end(), section.begin(), section.end());
  }
}

}  // namespace conformance
