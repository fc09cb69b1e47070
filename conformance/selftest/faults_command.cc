// SPDX-License-Identifier: Apache-2.0
// `selftest faults` and `selftest matrix`: the judge against every known fault.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/sha256.h"
#include "base/status_macros.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/plan.h"
#include "conformance/harness/run_command.h"
#include "conformance/harness/selection.h"
#include "conformance/harness/shard.h"
#include "conformance/reports/output.h"
#include "conformance/selftest/fault_runner.h"
#include "conformance/selftest/programs.h"
#include "conformance/selftest/proof_file.h"
#include "conformance/selftest/proof_session.h"
#include "conformance/selftest/races.h"
#include "conformance/selftest/selftest_console.h"
#include "conformance/selftest/selftest_options.h"

namespace conformance {
namespace {

// What a fault spoils is mostly waited for: of several faults, of several repeats of one, or of
// several checks.
constexpr int kJudgesPerCpu = 3;
constexpr int kRepeatsAtATime = 5;
constexpr int kMatrixJudgesPerCpu = 4;
constexpr int kMatrixChecksAtATime = 8;

std::string SubjectName(const FaultRow& row) {
  return absl::StrCat(fakes::KnownFaultSeamName(row.seam), "/", row.fault->name);
}

// The kill probability of each of its checks that ran more than once.
std::string RaceText(const FaultRecord& fault) {
  std::vector<std::string> parts;
  for (const Cell& cell : fault.cells) {
    if (cell.expected.empty() || cell.executions < 2) continue;
    parts.push_back(absl::StrFormat("%s %d/%d (at least %.3f)", cell.check, cell.kills,
                                    cell.executions,
                                    KillProbabilityBound(cell.kills, cell.executions)));
  }
  return absl::StrJoin(parts, ", ");
}

// With --at-least a fault need not be killed each time, only often enough.
bool IsOftenKilled(const FaultRecord& fault, double at_least) {
  if (at_least <= 0 || StandingOf(fault) != FaultStanding::kUnstable) return false;
  return std::all_of(fault.cells.begin(), fault.cells.end(), [&](const Cell& cell) {
    return cell.expected.empty() || KillProbabilityBound(cell.kills, cell.executions) >= at_least;
  });
}

bool IsGood(const FaultRecord& fault, double at_least) {
  return IsProven(fault) || IsOftenKilled(fault, at_least);
}

void TellFault(const FaultRecord& fault, bool again, const SelftestOptions& options,
               SelftestConsole& console) {
  const auto named = std::count_if(fault.cells.begin(), fault.cells.end(),
                                   [](const Cell& cell) { return !cell.expected.empty(); });
  const bool good = IsGood(fault, options.at_least);
  std::string line =
      absl::StrFormat("%-6s  %s  %s", fault.seam, fault.name, StandingText(StandingOf(fault)));
  if (!fault.equivalent.empty()) {
    absl::StrAppend(&line, ": ", fault.equivalent);
  } else {
    absl::StrAppend(&line, "   ", named, named == 1 ? " check" : " checks", "   ",
                    again ? "as before" : absl::StrCat(fault.ms, " ms"));
  }
  std::string detail = good ? "" : ShortfallOf(fault);
  if (options.repeat > 1 && fault.equivalent.empty()) {
    absl::StrAppend(&detail, detail.empty() ? "" : "; ", RaceText(fault));
  }
  console.Ended(absl::StrCat(fault.seam, "/", fault.name), good, line, detail);
}

// "158 faults: 158 killed as intended · 0 survived · 24 s"
std::string SummaryText(const Proof& proof) {
  std::map<FaultStanding, std::size_t> counts;
  for (const FaultRecord& fault : proof.faults) ++counts[StandingOf(fault)];
  std::string text = absl::StrCat(
      proof.faults.size(),
      proof.faults.size() == 1 ? " fault: " : " faults: ", counts[FaultStanding::kKilled],
      " killed as intended \u00b7 ", counts[FaultStanding::kSurvived], " survived");
  for (const auto& [standing, count] : counts) {
    if (count == 0 || standing == FaultStanding::kKilled || standing == FaultStanding::kSurvived) {
      continue;
    }
    absl::StrAppend(&text, " \u00b7 ", count, " ", StandingText(standing));
  }
  if (proof.not_begun > 0) absl::StrAppend(&text, " \u00b7 ", proof.not_begun, " not begun");
  return absl::StrCat(text, " \u00b7 ", RunTime(proof.ms), "\n");
}

absl::StatusOr<std::vector<FaultRow>> RowsOf(const SelftestOptions& options,
                                             const std::vector<Check>& checks) {
  ASSIGN_OR_RETURN(std::vector<FaultRow> rows,
                   SelectFaults(AllFaultRows(), options.selectors, checks));
  const std::vector<std::string> violations = FaultRowViolations(rows, checks);
  if (!violations.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the table of faults is wrong: ", violations.front()));
  }
  if (!options.shuffle.empty()) {
    const auto place = [&](const FaultRow& row) {
      return base::Sha256Hex(absl::StrCat(options.shuffle, " ", SubjectName(row)));
    };
    std::sort(rows.begin(), rows.end(),
              [&](const FaultRow& a, const FaultRow& b) { return place(a) < place(b); });
  }
  if (options.shard.empty()) return rows;
  ASSIGN_OR_RETURN(const Shard shard, ParseShard(options.shard));
  std::vector<FaultRow> part;
  for (std::size_t i = static_cast<std::size_t>(shard.index - 1); i < rows.size();
       i += static_cast<std::size_t>(shard.of)) {
    part.push_back(rows[i]);
  }
  if (part.empty()) return absl::NotFoundError(absl::StrCat("shard ", options.shard, " is empty"));
  return part;
}

// The checks that --check selects, doubles only by their names.
absl::StatusOr<std::vector<std::string>> SelectedChecks(const SelftestOptions& options,
                                                        const std::vector<Check>& checks) {
  std::vector<Selector> selectors;
  for (const std::string& word : options.checks) {
    ASSIGN_OR_RETURN(selectors.emplace_back(), Selector::Parse(word));
  }
  std::vector<std::string> ids;
  for (const Check& check : checks) {
    const bool asked = std::count(options.checks.begin(), options.checks.end(), check.id) > 0;
    if ((asked || !IsDouble(check)) && Choose(check, selectors).chosen) ids.push_back(check.id);
  }
  if (ids.empty()) return absl::NotFoundError("--check: no check is selected");
  return ids;
}

// Takes out the faults that the programs of this build cannot have: those of guests of WebAssembly
// where the reference shim has no stage to run them.
absl::Status LeaveOutWhatIsNotBuilt(const SelftestOptions& options, FaultPlan& plan) {
  if (!options.shim.empty() || !options.profile.empty() || FindProgram(kStage).ok()) {
    return absl::OkStatus();
  }
  const auto needs_stage = [](const FaultRow& row) {
    return row.fault->profile == "reference-wasm";
  };
  const auto kept = std::remove_if(plan.rows.begin(), plan.rows.end(), needs_stage);
  plan.left_out = static_cast<std::size_t>(plan.rows.end() - kept);
  plan.rows.erase(kept, plan.rows.end());
  if (plan.rows.empty()) return FindProgram(kStage).status();
  return absl::OkStatus();
}

// What is left to say of a plan that has its rows.
absl::Status Complete(const SelftestOptions& options, FaultPlan& plan) {
  RETURN_IF_ERROR(LeaveOutWhatIsNotBuilt(options, plan));
  ASSIGN_OR_RETURN(plan.shim, FindSubject(options.shim));
  plan.engine = options.engine;
  if (!options.profile.empty()) plan.options = {"--profile", options.profile};
  plan.repeat = options.repeat;
  plan.deadline_scale = options.deadline_scale;
  plan.budget = options.budget;
  plan.keep_earlier = options.keep_earlier;
  ASSIGN_OR_RETURN(plan.keep, MakeNamedDirectory("--keep", options.keep));
  return absl::OkStatus();
}

absl::StatusOr<int> Run(const SelftestOptions& options, const FaultPlan& plan,
                        const std::string& command) {
  ASSIGN_OR_RETURN(ProofSession session, ProofSession::Begin(command, plan.shim, plan.rows.size()));
  Proof& proof = session.proof();
  SelftestConsole& console = session.console();
  proof.repeat = plan.repeat;
  if (plan.left_out > 0) {
    console.Print(absl::StrCat(plan.left_out, " faults of guests of WebAssembly are left out: ",
                               kStage, " is not built\n"));
  }
  const FaultListener listener = {
      .phase = [&](const std::string& phase) { console.Phase(phase); },
      .started = [&](const FaultRow& row) { console.Started(SubjectName(row)); },
      .ended = [&](const FaultRecord& record,
                   bool again) { TellFault(record, again, options, console); }};
  const absl::Status ran = RunFaults(plan, listener, proof);
  for (const std::string& check : proof.healthy_red) {
    console.Print(absl::StrCat("red on the healthy subject: ", check, "\n"));
  }
  // Another shim than our own may differ from the contract; what that hides shows in the cells.
  const bool healthy = proof.healthy_red.empty() || !options.shim.empty();
  const bool good = healthy && std::all_of(proof.faults.begin(), proof.faults.end(),
                                           [&](const FaultRecord& fault) {
                                             return IsGood(fault, options.at_least);
                                           });
  const bool trouble = std::any_of(
      proof.faults.begin(), proof.faults.end(),
      [](const FaultRecord& fault) { return StandingOf(fault) == FaultStanding::kProblem; });
  return session.End(ran, options.result, SummaryText,
                     trouble ? kExitHarness
                     : good  ? kExitAsExpected
                             : kExitUnexpected);
}

int ListFaults(const std::vector<FaultRow>& rows) {
  std::string text;
  for (const FaultRow& row : rows) {
    absl::StrAppendFormat(&text, "%-6s  %s\n        %s\n", fakes::KnownFaultSeamName(row.seam),
                          row.fault->name, row.fault->what);
    for (const fakes::ExpectedKill& kill : row.fault->kills) {
      absl::StrAppendFormat(&text, "        %s  %s\n", kill.check, kill.why);
    }
    if (!row.fault->equivalent.empty()) {
      absl::StrAppendFormat(&text, "        equivalent: %s\n", row.fault->equivalent);
    }
  }
  return Print(text, kExitAsExpected);
}

absl::StatusOr<int> JudgeFaults(const SelftestOptions& options, const std::vector<Check>& checks) {
  RETURN_IF_ERROR(CheckSelftestRanges(options));
  FaultPlan plan;
  ASSIGN_OR_RETURN(plan.rows, RowsOf(options, checks));
  if (!options.checks.empty()) {
    ASSIGN_OR_RETURN(const std::vector<std::string> ids, SelectedChecks(options, checks));
    plan.rows = LimitChecks(plan.rows, ids, plan.limited);
    if (plan.rows.empty())
      return absl::NotFoundError("--check: it selects no check of these faults");
  }
  if (options.list) return ListFaults(plan.rows);
  plan.jobs = JobsOf(options, kJudgesPerCpu);
  if (options.repeat > 1) plan.jobs_each = kRepeatsAtATime;
  RETURN_IF_ERROR(Complete(options, plan));
  return Run(options, plan, "faults");
}

absl::StatusOr<int> JudgeMatrix(const SelftestOptions& options, const std::vector<Check>& checks) {
  RETURN_IF_ERROR(CheckSelftestRanges(options));
  FaultPlan plan;
  ASSIGN_OR_RETURN(plan.rows, RowsOf(options, checks));
  ASSIGN_OR_RETURN(plan.checks, SelectedChecks(options, checks));
  plan.jobs = JobsOf(options, kMatrixJudgesPerCpu);
  plan.jobs_each = kMatrixChecksAtATime;
  RETURN_IF_ERROR(Complete(options, plan));
  return Run(options, plan, "matrix");
}

}  // namespace

int SelftestFaultsCommand(const SelftestOptions& options, const std::vector<Check>& checks) {
  return ExitCodeOf(JudgeFaults(options, checks));
}

int SelftestMatrixCommand(const SelftestOptions& options, const std::vector<Check>& checks) {
  return ExitCodeOf(JudgeMatrix(options, checks));
}

}  // namespace conformance
