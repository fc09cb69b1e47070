// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>
#include <vector>

// Defects that shims have or had, made to order: one row each, in the file of the seam it is
// injected at. They prove the judge: `shimgauge selftest faults` gives every one of them to it, and
// expects the verdicts that the row names.
namespace fakes {

// The program that has the defect.
enum class KnownFaultSeam {
  kWire,    // shimgauge-wire: any shim, behind a proxy for its calls, events and commands
  kShim,    // faulty-shim: the reference shim, with system calls and backend behind decorators
  kEngine,  // faulty-engine: any OCI engine, behind edits of what it is told and of what it tells
};
absl::string_view KnownFaultSeamName(KnownFaultSeam seam);  // "wire", "shim", "engine"

// A verdict that the fault must lead to.
struct ExpectedKill {
  absl::string_view check;
  absl::string_view why;  // its first code, as in conformance/harness/verdict.h
};

struct KnownFault {
  absl::string_view name;  // of [a-z0-9-], unique over all seams: "create-answers-pid-0"
  absl::string_view what;  // the defect, as a note for the shim's author
  // What it was found as: ids of docs/known-bugs.md or of requirements, space separated.
  absl::string_view origin = {};
  // What the program does, in the language of its own README; all of them hold.
  std::vector<std::string> rules = {};
  // The first is the check whose rule is broken and, if possible, no other's.
  std::vector<ExpectedKill> kills = {};
  // The ready-made profile that its checks are judged by; empty: that of the run.
  absl::string_view profile = {};
  // Not empty: no verdict can tell this from a healthy shim, for this reason; `kills` is empty.
  absl::string_view equivalent = {};
};

const std::vector<KnownFault>& WireFaults();
const std::vector<KnownFault>& ShimFaults();
const std::vector<KnownFault>& EngineFaults();

const std::vector<KnownFault>& KnownFaultsAt(KnownFaultSeam seam);
// nullptr: no such.
const KnownFault* FindKnownFault(KnownFaultSeam seam, absl::string_view name);

}  // namespace fakes
