// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

namespace conformance {

// What a variant needs that not every machine has.
enum class LegalNeed {
  kNone,
  kRoot,
  kRunc,
  kCrun,
  kTimeNamespace,
  kCpuCgroup,      // a cgroup with a CPU quota can be made
  kSanitizedShim,  // the dev preset's build beside this one
  kWasm,           // root, and what the reference shim runs modules with
};

// One way to be a shim, or to run one, that the contract allows: the judge must be green. Members
// that a variant does not set mean: as always.
struct LegalVariant {
  absl::string_view name;
  absl::string_view what;
  LegalNeed need = LegalNeed::kNone;
  absl::string_view program = {};            // beside the judge, instead of the subject
  std::vector<std::string> wire_rules = {};  // the subject stands behind shimgauge-wire
  absl::string_view before = {};  // lines for /bin/sh before every command of the shim; the last
                                  // may end in a backslash and become part of that command
  absl::string_view after = {};   // behind the command: redirections
  std::vector<std::string> launcher = {};  // what the judge is started by
  std::vector<std::string> options = {};   // of `run`
  absl::string_view directory = {};        // where the shim lies, below the run's own
  absl::string_view profile = {};          // text of one
  bool idle = false;                       // mostly waits: runs beside a variant that does not
  int jobs = 0;                            // checks at a time
  double deadline_scale = 1;
  int hogs = 0;                         // processes that use up a CPU each
  int cpu_percent = 0;                  // quota of the judge and all below it
  absl::string_view kernel_file = {};   // that is set for the run,
  absl::string_view kernel_value = {};  // to this
};

const std::vector<LegalVariant>& LegalVariants();
// The part of them whose guests are modules of WebAssembly.
std::vector<LegalVariant> WasmLegalVariants();

// OK if this machine can try it, else why not.
absl::Status CheckLegalNeed(LegalNeed need);

// The dev preset's build of the reference shim, "" if there is none.
std::string SanitizedShim();

}  // namespace conformance
