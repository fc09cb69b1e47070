// SPDX-License-Identifier: Apache-2.0
// `shimgauge doctor`: reads the machine, makes one world for proof, and tells.
#include <absl/strings/str_cat.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include "base/child_reaper.h"
#include "base/status_macros.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/attempt.h"
#include "conformance/harness/commands.h"
#include "conformance/harness/doctor.h"
#include "conformance/harness/run_command.h"
#include "conformance/harness/survey.h"
#include "conformance/harness/worker_process.h"
#include "conformance/reports/output.h"

namespace conformance {
namespace {

constexpr std::chrono::seconds kWorldPatience{30};

struct DoctorOptions {
  SelectionOptions selection;
  bool json = false;
};

// OK if a world can be made here, entered, and looked at.
absl::Status TryWorld(const LoadedSelection& selection, const Check& world_check) {
  if (selection.privilege == Privilege::kUserNamespace) {
    RETURN_IF_ERROR(EnterUserNamespace().status());
  }
  boost::asio::io_context loop(1);
  ASSIGN_OR_RETURN(const std::unique_ptr<base::ChildReaper> reaper,
                   base::ChildReaper::Create(loop));
  WorkerJob job;
  job.check = world_check.id;
  job.profile = selection.profile;
  std::optional<WorkerEnd> end;
  ASSIGN_OR_RETURN(const std::unique_ptr<WorkerProcess> worker,
                   WorkerProcess::Start(loop, *reaper, WorkerCommand(), job, kWorldPatience,
                                        [&end](WorkerEnd ended) { end = std::move(ended); }));
  while (!end) loop.run_one();
  const Attempt attempt = JudgeAttempt(world_check, *std::move(end), 0);
  if (attempt.verdict == Verdict::kSkip) return absl::OkStatus();
  return absl::FailedPreconditionError(attempt.whys.empty() ? "no reason is known"
                                                            : attempt.whys.front().text);
}

// What the trial adds to the findings: it may fail where all of them are good.
Finding TrialFinding(const absl::Status& trial) {
  if (trial.ok()) return {.subject = "trial", .observed = "a world was made, entered and left"};
  return {.grade = Finding::Grade::kProblem,
          .subject = "trial",
          .observed = absl::StrCat("no world can be made: ", std::string(trial.message())),
          .fix = "see the notes above; or run as root"};
}

int Doctor(const DoctorOptions& options, const CommandContext& context) {
  std::signal(SIGPIPE, SIG_IGN);
  const absl::StatusOr<LoadedSelection> selection =
      LoadSelection(options.selection, context.checks);
  if (!selection.ok()) return Complain(selection.status());
  const absl::StatusOr<const Check*> world = FindSurvey(context.surveys, kWorldSurvey);
  if (!world.ok()) return Complain(world.status());
  absl::StatusOr<std::unique_ptr<Output>> output = Output::Open("-");
  if (!output.ok()) return Complain(output.status());

  const std::vector<Check> run = ClaimedChecks(context.checks, selection->profile);
  std::vector<Finding> findings =
      Examine(ReadMachineFacts(selection->host, selection->engine), run);
  findings.push_back(TrialFinding(TryWorld(*selection, **world)));
  const bool fit = std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.grade == Finding::Grade::kProblem;
  });
  if (options.json) {
    (*output)->Write(FindingsJson(findings));
  } else {
    const std::size_t notes = CountNotes(findings);
    (*output)->Write(absl::StrCat(
        FindingsText(findings), "\n",
        fit ? "fit: the judge can run here" : "unfit: nothing can be judged here",
        notes == 0 ? "" : absl::StrCat(", ", notes, notes == 1 ? " note" : " notes"), "\n"));
  }
  return ExitUnlessLost(**output, fit ? kExitAsExpected : kExitHostUnfit);
}

constexpr char kFooter[] = R"(
Each note has its fix, and the checks that are skipped without it.

Examples:
  shimgauge doctor
  shimgauge doctor --engine real --json

Exit codes: 0 fit, 2 usage, 3 unfit.)";

}  // namespace

CommandAction DefineDoctor(CLI::App& app, const CommandContext& context) {
  const auto options = std::make_shared<DoctorOptions>();  // owned by the copies of the action
  AddHostOptions(app, options->selection);
  app.add_option("--profile", options->selection.profile, "what the shim claims (TOML)")
      ->type_name("PROFILE");
  app.add_flag("--json", options->json, "as JSON");
  app.footer(kFooter);
  return [options, context] { return Doctor(*options, context); };
}

}  // namespace conformance
