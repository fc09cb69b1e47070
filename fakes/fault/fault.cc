// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/fault.h"

namespace fakes {
namespace {

constexpr FaultSeam kEngine = FaultSeam::kEngine;
constexpr absl::string_view kPointNames[] = {"before", "middle", "after"};

std::vector<FaultInfo> EngineFaultInfos() {
  return {
      {Fault::kSlow, "slow", kEngine, kPoint | kUntilOrMs, "",
       "waits until the FIFO `until` has a writer, or `ms` milliseconds, then goes on"},
      {Fault::kHang, "hang", kEngine, kPoint, "", "waits until it is killed"},
      {Fault::kFail, "fail", kEngine, kPoint | kCode | kMessage, "",
       "reports `message` in the log file and on stderr, exits with `code`"},
      {Fault::kDie, "die", kEngine, kPoint | kSignal, "", "kills itself with `signal`"},
      {Fault::kGarbagePidFile, "garbage-pid-file", kEngine, kMessage, "create exec",
       "the pid file holds `message`"},
      {Fault::kNoPidFile, "no-pid-file", kEngine, 0, "create exec", "writes no pid file"},
      {Fault::kStateLost, "state-lost", kEngine, kPoint, "",
       "the container's state directory is gone, its processes are not"},
      {Fault::kInitGone, "init-gone", kEngine, kPoint, "",
       "the container's first process is killed, and its end awaited"},
      {Fault::kFlood, "flood", kEngine, kPoint | kBytes, "", "writes `bytes` bytes to stderr"},
      {Fault::kLie, "lie", kEngine, 0, "", "claims success without doing anything"},
      {Fault::kGarbageOutput, "garbage-output", kEngine, kMessage, "",
       "prints `message` where the answer belongs, exits with 0"},
  };
}

std::vector<FaultVerb> EngineVerbs() {
  return {
      {kEngine, "create", "the init waits for start and is recorded; there is no pid file"},
      {kEngine, "start", "the init was told to go on; poststart hooks have not run"},
      {kEngine, "exec", "the process runs; there is no pid file"},
      {kEngine, "kill", ""},
      {kEngine, "delete", "the processes are gone; the state is still there"},
      {kEngine, "state", ""},
      {kEngine, "ps", ""},
      {kEngine, "pause", ""},
      {kEngine, "resume", ""},
      {kEngine, "update", ""},
      {kEngine, "events", ""},
      {kEngine, "list", ""},
      {kEngine, "features", ""},
      {kEngine, "checkpoint", ""},
      {kEngine, "restore", ""},
  };
}

}  // namespace

const std::vector<FaultInfo>& AllFaults() {
  static const std::vector<FaultInfo> faults = [] {
    std::vector<FaultInfo> all = EngineFaultInfos();
    AddHypervisorFaults(all);
    AddAgentFaults(all);
    return all;
  }();
  return faults;
}

const std::vector<FaultVerb>& AllFaultVerbs() {
  static const std::vector<FaultVerb> verbs = [] {
    std::vector<FaultVerb> all = EngineVerbs();
    AddHypervisorVerbs(all);
    AddAgentVerbs(all);
    return all;
  }();
  return verbs;
}

const FaultInfo* FindFault(FaultSeam seam, Fault fault) {
  for (const FaultInfo& info : AllFaults()) {
    if (info.seam == seam && info.fault == fault) return &info;
  }
  return nullptr;
}

const FaultInfo* FindFault(FaultSeam seam, absl::string_view name) {
  for (const FaultInfo& info : AllFaults()) {
    if (info.seam == seam && info.name == name) return &info;
  }
  return nullptr;
}

const FaultVerb* FindFaultVerb(FaultSeam seam, absl::string_view name) {
  for (const FaultVerb& verb : AllFaultVerbs()) {
    if (verb.seam == seam && verb.name == name) return &verb;
  }
  return nullptr;
}

absl::string_view FaultPointName(FaultPoint point) { return kPointNames[static_cast<int>(point)]; }

bool ParseFaultPoint(absl::string_view name, FaultPoint& point) {
  for (int i = 0; i < 3; ++i) {
    if (kPointNames[i] == name) {
      point = static_cast<FaultPoint>(i);
      return true;
    }
  }
  return false;
}

}  // namespace fakes
