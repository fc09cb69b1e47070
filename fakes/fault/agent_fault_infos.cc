// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/fault.h"

namespace fakes {
namespace {

constexpr FaultSeam kAgent = FaultSeam::kAgent;
constexpr absl::string_view kReads = "ReadStdout ReadStderr";

}  // namespace

void AddAgentFaults(std::vector<FaultInfo>& faults) {
  faults.insert(
      faults.end(),
      {{Fault::kSlow, "slow", kAgent, kPoint | kUntilOrMs, "",
        "waits until the FIFO `until` has a writer, or `ms` milliseconds, then goes on; other "
        "calls "
        "are served meanwhile"},
       {Fault::kHang, "hang", kAgent, kPoint, "",
        "is never answered: `before` nothing is done, `after` all of it"},
       {Fault::kRefuse, "refuse", kAgent, kPoint | kCode | kMessage, "",
        "answers status `code` (that of gRPC) and `message`"},
       {Fault::kLie, "lie", kAgent, 0, "",
        "answers success, all fields empty, having done nothing"},
       {Fault::kGarbageOutput, "garbage-output", kAgent, kMessage, "",
        "the answer is the bytes of `message`, whatever they decode to"},
       {Fault::kReset, "reset", kAgent, kPoint, "",
        "every connection to the agent breaks; new ones are possible"},
       {Fault::kPowerOff, "power-off", kAgent, kPoint, "",
        "the guest turns itself off: `before` the call is never answered"},
       {Fault::kOddStatus, "odd-status", kAgent, kMessage, "WaitProcess",
        "the status is `message`, any number of 32 bits"},
       {Fault::kShort, "short", kAgent, kBytes, "WriteStdin",
        "takes no more than the first `bytes` bytes, and says how many"},
       {Fault::kWithholdEnd, "withhold-end", kAgent, kUntilOrMs, kReads,
        "the end of the stream is told when `until` has a writer, or `ms` milliseconds later; "
        "without either never"},
       {Fault::kLackOfMemory, "lack-of-memory", kAgent, kMessage, "GetOOMEvent",
        "says at once that container `message` has run out of memory"}});
}

void AddAgentVerbs(std::vector<FaultVerb>& verbs) {
  for (const absl::string_view name : {"CreateContainer",
                                       "StartContainer",
                                       "RemoveContainer",
                                       "ExecProcess",
                                       "SignalProcess",
                                       "WaitProcess",
                                       "UpdateContainer",
                                       "UpdateEphemeralMounts",
                                       "StatsContainer",
                                       "PauseContainer",
                                       "ResumeContainer",
                                       "RemoveStaleVirtiofsShareMounts",
                                       "GetDiagnosticData",
                                       "WriteStdin",
                                       "ReadStdout",
                                       "ReadStderr",
                                       "CloseStdin",
                                       "TtyWinResize",
                                       "UpdateInterface",
                                       "UpdateRoutes",
                                       "ListInterfaces",
                                       "ListRoutes",
                                       "AddARPNeighbors",
                                       "GetIPTables",
                                       "SetIPTables",
                                       "GetMetrics",
                                       "GetGuestDetails",
                                       "GetOOMEvent",
                                       "GetVolumeStats",
                                       "CreateSandbox",
                                       "DestroySandbox",
                                       "OnlineCPUMem",
                                       "ReseedRandomDev",
                                       "MemHotplugByProbe",
                                       "MemAgentMemcgSet",
                                       "MemAgentCompactSet",
                                       "SetGuestDateTime",
                                       "CopyFile",
                                       "AddSwap",
                                       "AddSwapPath",
                                       "ResizeVolume",
                                       "SetPolicy",
                                       "Check",
                                       "Version"}) {
    verbs.push_back({kAgent, name, ""});
  }
}

}  // namespace fakes
