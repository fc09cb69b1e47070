// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/harness/engine_choice.h"
#include "conformance/harness/expectations.h"
#include "conformance/harness/profile.h"
#include "conformance/harness/run_info.h"
#include "conformance/harness/selection.h"
#include "conformance/harness/user_namespace.h"
#include "conformance/reports/output.h"
#include "conformance/reports/reports.h"

namespace CLI {
class App;
}

namespace conformance {

struct RunnerConfig;

// What choosing checks takes; shared by `run` and `list`.
struct SelectionOptions {
  std::vector<std::string> selectors;
  std::string profile;  // file; empty: the built-in one
  std::vector<std::string> expect;
  std::string level = "all";  // must | should | all
  std::string plan;           // file, "-": standard input, empty: none
  std::string engine;         // real | fake | path; empty: see ChooseEngine
  std::string priv = "auto";  // auto | root | userns
};

// The options of `shimgauge run` as given.
struct RunOptions {
  SelectionOptions selection;
  std::string shim;
  int jobs = 0;  // 0: two per CPU
  int repeat = 1;
  bool shuffle = false;
  std::string shuffle_seed;  // hexadecimal; empty: a fresh one
  std::string seed;          // hexadecimal; empty: a fresh one
  double deadline_scale = 1.0;
  std::string shard;      // "2/4"; empty: all
  std::string durations;  // result file, balances the shards
  std::string order;      // "failed-first"; empty: the usual
  std::string since;      // result file, for `order`
  bool until_fail = false;
  std::string soak;  // "10m"; empty: no
  int retry_unexpected = 0;
  bool strict = false;
  std::vector<std::string> reports;
  std::string record;
  std::string keep = "failed";
  std::size_t fail_fast = 0;
  bool verbose = false;
  std::string containerd_ns = "shimgauge";
  std::string fixtures;  // empty: beside the executable
  std::vector<std::string> argv;
};

// --engine and --priv, for every command that makes worlds.
void AddHostOptions(CLI::App& command, SelectionOptions& options);

// `shimgauge run`. Returns the exit code.
int RunCommand(const RunOptions& options, const std::vector<Check>& checks);

// SelectionOptions, read and checked.
struct LoadedSelection {
  std::vector<Selector> selectors;
  Profile profile;  // its engine is the one that was chosen
  EngineChoice engine;
  Privilege privilege = Privilege::kRoot;
  HostInfo host;
  Expectations expectations;  // bound to all checks
  Facts facts;                // what they were bound with
  Level level = Level::kMay;
};
// INVALID_ARGUMENT for a mistake (exit code 2); NOT_FOUND when a selector matches no check, with
// the nearest ids (exit code 5); FAILED_PRECONDITION when the host cannot do what is asked for
// (exit code 3).
absl::StatusOr<LoadedSelection> LoadSelection(const SelectionOptions& options,
                                              const std::vector<Check>& checks);

// Everything of a run but its plan, made from the options: which shim, which worlds. Moves this
// process into a user namespace if the worlds are to belong to one. Errors as of LoadSelection, and
// INVALID_ARGUMENT for a shim that cannot be executed.
absl::Status PrepareWorlds(const RunOptions& options, const std::vector<Check>& checks,
                           LoadedSelection& selection, RunnerConfig& config);

// The directory of the programs that run in containers: `option`, or by default the one that is
// built or installed with this program. INVALID_ARGUMENT or FAILED_PRECONDITION when there is none.
absl::StatusOr<std::string> FindFixtures(const std::string& option);

// Writes "shimgauge: <message>" to standard error and returns the exit code of the status:
// INVALID_ARGUMENT 2, FAILED_PRECONDITION 3, NOT_FOUND 5, others 4.
int Complain(const absl::Status& status);
// Writes `text` to standard output; as ExitUnlessLost.
int Print(const std::string& text, int exit_code);
// `exit_code`; but 4, with that complaint, when something could not be written to `output`.
int ExitUnlessLost(const Output& output, int exit_code);
int ExitUnlessLost(const OpenReports& reports, int exit_code);

}  // namespace conformance
