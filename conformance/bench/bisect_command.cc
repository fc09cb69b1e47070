// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "benchmarks/bench_table.h"
#include "benchmarks/compare_run.h"
#include "conformance/bench/bench_command.h"
#include "conformance/bench/bench_options.h"
#include "conformance/bench/bisection.h"
#include "conformance/bench/run_program.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/output.h"
#include "conformance/selftest/scratch.h"

namespace conformance {
namespace {

constexpr int kSkipBuild = 125;  // as `git bisect run` has it
constexpr std::size_t kBuildTailBytes = 2000;
constexpr int kBudgetMax = 86400;

constexpr char kFooter[] = R"(
Finds the commit between GOOD and BAD that made a shim worse. Each candidate is checked out in a
work tree of its own, which is removed at the end; yours is not touched. There the build command
runs, by its own words or, as a single one, by the shell; exit code 125 skips a commit, others but 0
end the search. What it has built is compared with what GOOD built, as `shimgauge bench compare` does
it, by the metrics that BAD regressed in; what cannot be decided or measured is skipped.

Examples:
  shimgauge bench bisect v1.4.0 main --shim build/my-shim -- make -j8
  shimgauge bench bisect v1.4.0 HEAD --shim shim --metric boot-syscalls -- 'go build -o shim || exit 125'

Exit codes: 0 found (or narrowed down to commits that were skipped), 1 BAD is not worse than GOOD,
2 usage, 3 host unfit (measuring needs root), 4 a build or git failed, 130 interrupted.)";

struct Options {
  BenchOptions bench;
  std::string good;
  std::string bad;
  std::string repository = ".";
  std::string shim;
  std::vector<std::string> build;
  double margin = 5;
  int budget = 60;
};

std::string Tail(const std::string& text) {
  if (text.size() <= kBuildTailBytes) return text;
  return absl::StrCat("...", text.substr(text.size() - kBuildTailBytes));
}

class BisectRun {
 public:
  BisectRun(const Options& options, Output& out, benchmarks::Interrupts& interrupts)
      : options_(options), out_(out), interrupts_(interrupts) {}

  absl::StatusOr<int> Run() {
    ASSIGN_OR_RETURN(metrics_, SelectMetrics(options_.bench.metrics));
    metrics_.erase(std::remove(metrics_.begin(), metrics_.end(), "growth"), metrics_.end());
    ASSIGN_OR_RETURN(const GitRepository repository,
                     GitRepository::Open(options_.repository, &interrupts_));
    ASSIGN_OR_RETURN(const std::string good, repository.Commit(options_.good));
    ASSIGN_OR_RETURN(const std::string bad, repository.Commit(options_.bad));
    ASSIGN_OR_RETURN(const bool ordered, repository.IsAncestor(good, bad));
    if (!ordered || good == bad) {
      return absl::InvalidArgumentError(
          absl::StrCat("expected GOOD to come before BAD in history: ", options_.good, " is ",
                       good == bad ? "the same commit as " : "no ancestor of ", options_.bad));
    }
    ASSIGN_OR_RETURN(const Scratch scratch, Scratch::Make());
    ASSIGN_OR_RETURN(const GitWorktree before,
                     GitWorktree::Add(repository, scratch.path() + "/good", good));
    ASSIGN_OR_RETURN(const GitWorktree candidate,
                     GitWorktree::Add(repository, scratch.path() + "/candidate", bad));
    repository_ = &repository;
    before_ = &before;
    candidate_ = &candidate;
    return Search(good, bad);
  }

 private:
  absl::StatusOr<int> Search(const std::string& good, const std::string& bad) {
    ASSIGN_OR_RETURN(const std::string good_text, repository_->Describe(good));
    ASSIGN_OR_RETURN(const bool built, Build(*before_, good_text));
    if (!built) return CannotSkip(good_text);
    out_.Write(absl::StrCat("  GOOD       ", good_text, "\n"));
    ASSIGN_OR_RETURN(const Trial worst, Judge(bad));
    if (worst != Trial::kBad) {
      out_.Write("BAD has not regressed against GOOD: there is nothing to find.\n");
      return 1;
    }
    metrics_ = regressed_;
    RETURN_IF_ERROR(candidate_->Reset());
    ASSIGN_OR_RETURN(const BisectionEnd end,
                     Bisect(*candidate_, good, bad,
                            [this](const std::string& commit) { return Judge(commit); }));
    return Tell(end);
  }

  static absl::Status CannotSkip(const std::string& commit) {
    return absl::InternalError(absl::StrCat("the build of ", commit,
                                            " asked to be skipped, but nothing can be found "
                                            "without GOOD and BAD"));
  }

  // False: the commit is to be skipped.
  absl::StatusOr<bool> Build(const GitWorktree& worktree, const std::string& commit) {
    const std::string shim = absl::StrCat(worktree.path(), "/", options_.shim);
    std::error_code ignored;
    std::filesystem::remove(shim, ignored);  // that of the commit before is none of this one
    std::vector<std::string> argv = {"/bin/sh", "-c"};
    if (options_.build.size() == 1) {
      argv.push_back(options_.build.front());
    } else {
      argv.insert(argv.end(), {"exec \"$@\"", "sh"});
      argv.insert(argv.end(), options_.build.begin(), options_.build.end());
    }
    ASSIGN_OR_RETURN(const ProgramEnd end, RunProgram(argv, worktree.path(), &interrupts_));
    if (end.exit.ShellStatus() == kSkipBuild) return false;
    if (end.exit.ShellStatus() != 0) {
      return absl::InternalError(absl::StrCat("the build of ", commit, " ended with exit code ",
                                              end.exit.ShellStatus(), " (125 would skip it):\n",
                                              Tail(end.output)));
    }
    if (::access(shim.c_str(), X_OK) != 0) {
      return absl::InternalError(absl::StrCat("the build of ", commit, " made no program ",
                                              options_.shim, ":\n", Tail(end.output)));
    }
    return true;
  }

  absl::StatusOr<Trial> Judge(const std::string& commit) {
    ASSIGN_OR_RETURN(const std::string text, repository_->Describe(commit));
    const bool is_end = regressed_.empty();
    ASSIGN_OR_RETURN(const bool built, Build(*candidate_, text));
    if (!built && is_end) return CannotSkip(text);
    if (!built) return Say(Trial::kSkip, "the build asked for it", text);
    ASSIGN_OR_RETURN(const benchmarks::CompareReport report, Compare());
    if (!report.complete) return absl::CancelledError("interrupted");
    if (!report.broken.empty()) {
      const std::string why = absl::StrCat("fails where GOOD does not: ", report.broken.front());
      if (is_end) return absl::InternalError(absl::StrCat("BAD ", why));
      return Say(Trial::kSkip, why, text);
    }
    const std::vector<std::string> regressions = report.Regressions();
    if (!regressions.empty()) {
      if (is_end) regressed_ = regressions;
      return Say(Trial::kBad, Changes(report, regressions), text);
    }
    if (!is_end && report.AnyUndecided()) {
      return Say(Trial::kSkip, absl::StrCat("undecided: ", Changes(report, metrics_)), text);
    }
    return Say(Trial::kGood, is_end ? "" : Changes(report, metrics_), text);
  }

  absl::StatusOr<benchmarks::CompareReport> Compare() {
    BenchOptions bench = options_.bench;
    bench.metrics = metrics_;
    ASSIGN_OR_RETURN(
        benchmarks::MeasurePlan plan,
        MakeMeasurePlan(bench,
                        {absl::StrCat("good=", before_->path(), "/", options_.shim),
                         absl::StrCat("candidate=", candidate_->path(), "/", options_.shim)}));
    const benchmarks::CompareOptions compare{.margin = options_.margin / 100,
                                             .metrics = metrics_,
                                             .rounds = bench.rounds,
                                             .budget = std::chrono::seconds(options_.budget),
                                             .seed = bench.seed};
    absl::StatusOr<benchmarks::CompareReport> report =
        benchmarks::CompareHere(plan, compare, interrupts_);
    plan.progress("");
    return report;
  }

  // "boot +11.2 %, syscalls +8.0 %".
  static std::string Changes(const benchmarks::CompareReport& report,
                             const std::vector<std::string>& metrics) {
    std::vector<std::string> changes;
    for (const benchmarks::CompareRow& row : report.rows) {
      if (std::find(metrics.begin(), metrics.end(), row.metric->name) == metrics.end()) continue;
      changes.push_back(
          absl::StrCat(row.metric->name, " ", benchmarks::FormatChange(row.change.ratio.value)));
    }
    return absl::StrJoin(changes, ", ");
  }

  Trial Say(Trial trial, const std::string& why, const std::string& commit) {
    const char* const word = trial == Trial::kGood  ? "good"
                             : trial == Trial::kBad ? "bad"
                                                    : "skipped";
    out_.Write(absl::StrFormat("  %-9s  %s%s\n", word, commit,
                               why.empty() ? "" : absl::StrCat("   (", why, ")")));
    return trial;
  }

  absl::StatusOr<int> Tell(const BisectionEnd& end) {
    if (end.suspects.size() == 1) {
      ASSIGN_OR_RETURN(const std::string text, repository_->Describe(end.suspects.front()));
      out_.Write(absl::StrCat("\nThe first bad commit, found in ", end.trials, " steps by ",
                              absl::StrJoin(metrics_, ", "), ":\n", end.suspects.front(), "\n  ",
                              text, "\n"));
      return 0;
    }
    out_.Write("\nOnly skipped commits are left; the first bad one is one of:\n");
    for (const std::string& suspect : end.suspects) {
      ASSIGN_OR_RETURN(const std::string text, repository_->Describe(suspect));
      out_.Write(absl::StrCat("  ", text, "\n"));
    }
    return 0;
  }

  const Options& options_;
  Output& out_;
  benchmarks::Interrupts& interrupts_;
  const GitRepository* repository_ = nullptr;
  const GitWorktree* before_ = nullptr;
  const GitWorktree* candidate_ = nullptr;
  std::vector<std::string> metrics_;
  std::vector<std::string> regressed_;  // in BAD; empty until that is known
};

int BisectAction(const Options& options) {
  const absl::StatusOr<std::unique_ptr<Output>> output = Output::Open("-");
  if (!output.ok()) return Complain(output.status());
  absl::StatusOr<benchmarks::Interrupts> interrupts = benchmarks::Interrupts::Take();
  if (!interrupts.ok()) return ComplainOfBench(interrupts.status());
  const absl::StatusOr<int> code = BisectRun(options, **output, *interrupts).Run();
  if (!code.ok()) return ComplainOfBench(code.status());
  return ExitUnlessLost(**output, *code);
}

}  // namespace

CommandAction DefineBenchBisect(CLI::App& app) {
  const auto options = std::make_shared<Options>();  // owners: CLI's bindings, the action
  app.add_option("good", options->good, "a commit before it became worse")
      ->type_name("GOOD")
      ->required();
  app.add_option("bad", options->bad, "a commit after")->type_name("BAD")->required();
  app.add_option("build", options->build, "behind --: makes the shim, in the commit's work tree")
      ->type_name("BUILD-COMMAND")
      ->required();
  app.add_option("--shim", options->shim, "what the build makes, below the work tree")
      ->type_name("FILE")
      ->required();
  app.add_option("--repository", options->repository, "where the commits are")
      ->type_name("DIR")
      ->capture_default_str();
  AddBenchOptions(app, options->bench);
  app.add_option("--margin", options->margin, "percent that a metric may change and be equal")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.1, 100.0))
      ->capture_default_str();
  app.add_option("--budget", options->budget,
                 "seconds per commit after which undecided metrics get no further blocks")
      ->type_name("SECONDS")
      ->check(CLI::Range(0, kBudgetMax))
      ->capture_default_str();
  app.footer(kFooter);
  return [options] { return BisectAction(*options); };
}

}  // namespace conformance
