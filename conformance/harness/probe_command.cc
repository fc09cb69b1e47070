// SPDX-License-Identifier: Apache-2.0
// `shimgauge probe`: asks a shim for each capability, in a world of its own, and writes a profile.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <utility>

#include "base/child_reaper.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "conformance/harness/commands.h"
#include "conformance/harness/expectations.h"
#include "conformance/harness/host.h"
#include "conformance/harness/janitor.h"
#include "conformance/harness/run_command.h"
#include "conformance/harness/runner.h"
#include "conformance/harness/survey.h"
#include "conformance/reports/output.h"
#include "conformance/reports/report.h"

namespace conformance {
namespace {

struct ProbeOptions {
  RunOptions run;
  std::string output = "-";
  bool force = false;
};

// Keeps what the probe and the surveys found.
class Collector : public Report {
 public:
  void Probed(const SubjectInfo& subject, const std::string& /*engine*/) override {
    subject_ = subject;
  }
  [[nodiscard]] const SubjectInfo& subject() const { return subject_; }

 private:
  SubjectInfo subject_;
};

struct Round {
  RunOutcome outcome;
  SubjectInfo subject;
};

// All surveys of `config`, once.
absl::StatusOr<Round> RunSurveys(RunnerConfig config) {
  boost::asio::io_context loop(1);
  ASSIGN_OR_RETURN(const std::unique_ptr<base::ChildReaper> reaper,
                   base::ChildReaper::Create(loop));
  Round round;
  Collector collector;
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM, SIGHUP);
  Runner runner(loop, *reaper, std::move(config), {&collector}, [&](const RunOutcome& outcome) {
    round.outcome = outcome;
    signals.cancel();
    loop.stop();
  });
  signals.async_wait([&runner](const boost::system::error_code& error, int /*signo*/) {
    if (!error) runner.Interrupt();
  });
  runner.Start();
  loop.run();
  if (!round.outcome.unfit.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("no shim can run on this host: ", std::string(round.outcome.unfit.message())));
  }
  round.subject = collector.subject();
  return round;
}

std::vector<PlannedCheck> PlanSurveys(const std::vector<Check>& surveys, const HostInfo& host,
                                      EngineChoice::Kind engine) {
  std::vector<PlannedCheck> plan;
  for (const Check& survey : surveys) {
    if (survey.id == kWorldSurvey) continue;
    PlannedCheck planned{.check = &survey};
    planned.skip_reason = WhatIsLacking(host, HostNeedsOf(survey));
    if (survey.needs == ToNeeds(Need::kCheckpoint) && engine == EngineChoice::Kind::kFake) {
      planned.skip_reason =
          "what the stand-in calls a checkpoint proves nothing; ask with --engine real";
    }
    if (!planned.skip_reason.empty()) planned.skip = SkipKind::kHost;
    plan.push_back(std::move(planned));
  }
  return plan;
}

void TakeAnswers(Round round, Survey& survey) {
  survey.subject = std::move(round.subject);
  survey.claims.clear();
  for (const CheckResult& result : round.outcome.results) {
    const Check& check = *result.planned.check;
    Answer answer = ToAnswer(result);
    if (check.id == kRunsSurvey) {
      survey.runs = std::move(answer);
    } else {
      survey.claims[static_cast<Need>(check.needs)] = std::move(answer);
    }
  }
}

// A path that cannot be written is better known before the shim is asked.
absl::Status CheckOutput(const ProbeOptions& options) {
  if (options.output == "-") return absl::OkStatus();
  struct stat info {};
  const bool exists = ::lstat(options.output.c_str(), &info) == 0;
  if (exists && !options.force) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.output, " exists already; give --force to replace it"));
  }
  const std::string directory = std::filesystem::path(options.output).parent_path().string();
  const std::string written = exists ? options.output : directory.empty() ? "." : directory;
  if (::access(written.c_str(), W_OK) == 0) return absl::OkStatus();
  const int reason = errno;
  const std::string what = absl::StrCat("-o ", options.output, ": cannot write ", written);
  return absl::InvalidArgumentError(base::ErrnoStatus(reason, what).message());
}

absl::Status WriteDraft(const ProbeOptions& options, const std::string& draft) {
  bool made = false;
  if (options.output != "-" && !options.force) {
    // Whoever made it meanwhile keeps it.
    const base::UniqueFd file(
        ::open(options.output.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file.ok()) return base::ErrnoStatus(errno, options.output);
    made = true;
  }
  absl::StatusOr<std::unique_ptr<Output>> output =
      Output::Open(options.output, Output::Mode::kWhole);
  if (output.ok()) {
    (*output)->Write(draft);
    (*output)->Finish();
  }
  const absl::Status status = output.ok() ? (*output)->status() : output.status();
  if (!status.ok() && made) ::unlink(options.output.c_str());
  return status;
}

void TellUnusable(const Survey& survey) {
  std::cerr << "shimgauge: " << survey.shim_path << " does not start, so there is no profile\n"
            << "  legacy  " << survey.subject.legacy.problem << "\n"
            << "  params  " << survey.subject.params.problem << "\n";
  if (!survey.subject.log_tail.empty())
    std::cerr << "  log     " << survey.subject.log_tail << "\n";
  std::cerr << "see `shimgauge run --shim " << survey.shim_path << " bootstrap`" << std::endl;
}

void TellResult(const Survey& survey, const std::string& output) {
  int yes = 0;
  int unasked = 0;
  for (const auto& [need, answer] : survey.claims) {
    yes += answer.kind == Answer::Kind::kYes ? 1 : 0;
    unasked += answer.kind == Answer::Kind::kUnasked ? 1 : 0;
  }
  std::cerr << "shimgauge: " << yes << " of " << survey.claims.size() << " capabilities found"
            << (unasked == 0 ? "" : absl::StrCat(", ", unasked, " could not be asked here"));
  if (output != "-") {
    std::cerr << "; try: shimgauge run --profile " << output;
  }
  std::cerr << std::endl;
}

// Asks the shim as a container shim, and if it runs no container that way, as one of WebAssembly
// modules, then as one of processes of the host.
absl::StatusOr<Survey> Ask(const ProbeOptions& options, const CommandContext& context,
                           bool& interrupted) {
  RunnerConfig config;
  LoadedSelection selection;
  RETURN_IF_ERROR(PrepareWorlds(options.run, context.checks, selection, config));
  ASSIGN_OR_RETURN(const Janitor janitor, Janitor::Start(config.run_dir));
  config.info.plan = PlanSurveys(context.surveys, config.info.host, selection.engine.kind);
  Survey survey;
  survey.shim_path = config.info.shim_path;
  survey.date = Today();
  survey.engine = DefaultProfile().engine;
  for (const Profile::Guest guest :
       {Profile::Guest::kRootfs, Profile::Guest::kWasm, Profile::Guest::kHost}) {
    survey.guest = guest;
    config.info.profile.guest = guest;
    ASSIGN_OR_RETURN(Round round, RunSurveys(config));
    interrupted = round.outcome.summary.interrupted;
    if (!round.outcome.summary.harness_problems.empty()) {
      return absl::InternalError(round.outcome.summary.harness_problems.front());
    }
    TakeAnswers(std::move(round), survey);
    if (interrupted || !survey.subject.usable()) break;
    if (survey.runs.kind == Answer::Kind::kYes) break;
  }
  return survey;
}

int Probe(const ProbeOptions& options, const CommandContext& context) {
  std::signal(SIGPIPE, SIG_IGN);
  if (const absl::Status status = CheckOutput(options); !status.ok()) return Complain(status);
  bool interrupted = false;
  const absl::StatusOr<Survey> survey = Ask(options, context, interrupted);
  if (!survey.ok()) return Complain(survey.status());
  if (interrupted) return kExitInterrupted;
  if (!survey->subject.usable()) {
    TellUnusable(*survey);
    return kExitUnexpected;
  }
  if (survey->runs.kind != Answer::Kind::kYes) {
    std::cerr << "shimgauge: " << survey->shim_path
              << " starts, but runs no container, so there is no profile\n  " << survey->runs.reason
              << std::endl;
    return kExitUnexpected;
  }
  if (const absl::Status status = WriteDraft(options, DraftProfile(*survey)); !status.ok()) {
    return Complain(absl::InternalError(status.message()));
  }
  TellResult(*survey, options.output);
  return kExitAsExpected;
}

constexpr char kFooter[] = R"(
The shim is asked for each capability in a world of its own; the profile has a comment wherever it
has none. Nothing is overwritten without --force.

Examples:
  shimgauge probe --shim ./my-shim
  shimgauge probe --shim ./my-shim -o my-shim.toml && shimgauge run --profile my-shim.toml

Exit codes: 0 a profile was written, 1 the shim does not start or runs no container, 2 usage,
3 host unfit, 4 harness error, 130 interrupted.)";

}  // namespace

CommandAction DefineProbe(CLI::App& app, const CommandContext& context) {
  const auto options = std::make_shared<ProbeOptions>();  // owned by the copies of the action
  app.add_option("--shim", options->run.shim, "the shim to ask: a path, or a name in PATH")
      ->type_name("SHIM")
      ->required();
  app.add_option("-o,--output", options->output, "the profile to write; '-' is standard output")
      ->type_name("FILE")
      ->capture_default_str();
  app.add_flag("--force", options->force, "replace the file if there is one");
  AddHostOptions(app, options->run.selection);
  app.add_option("-j,--jobs", options->run.jobs, "questions at a time (default: two per CPU)")
      ->type_name("N");
  app.add_option("--deadline-scale", options->run.deadline_scale, "factor of all deadlines")
      ->type_name("X");
  app.footer(kFooter);
  return [options, context] {
    options->run.argv = context.argv;
    return Probe(*options, context);
  };
}

}  // namespace conformance
