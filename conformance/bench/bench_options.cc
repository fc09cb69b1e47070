// SPDX-License-Identifier: Apache-2.0
#include "conformance/bench/bench_options.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/engine_choice.h"
#include "conformance/harness/facts.h"
#include "conformance/harness/names.h"
#include "conformance/harness/nearest.h"
#include "conformance/harness/run_command.h"
#include "conformance/harness/shim_binary.h"

namespace conformance {
namespace {

constexpr int kRoundsMax = 1000;
constexpr std::size_t kOffersMax = 3;

bool Fits(const std::string& word, const benchmarks::Metric& metric) {
  return GlobMatches(word, metric.name) || word == benchmarks::MetricKindName(metric.kind);
}

// Shims look programs up in PATH; the driver wants to know which one that will be.
std::string InPath(const std::string& name) {
  if (absl::StrContains(name, '/')) return name;
  const char* const path = std::getenv("PATH");
  for (const absl::string_view directory :
       absl::StrSplit(path == nullptr ? "/usr/bin:/bin" : path, ':', absl::SkipEmpty())) {
    std::string candidate = absl::StrCat(directory, "/", name);
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

absl::Status ResolveEngine(const BenchOptions& options, benchmarks::MeasurePlan& plan) {
  Profile profile;
  profile.engine = "runc";
  ASSIGN_OR_RETURN(const EngineChoice choice, ChooseEngine(options.engine, profile));
  plan.engine = InPath(choice.path);
  if (plan.engine.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("--engine ", options.engine, ": no ",
                                                      choice.path,
                                                      " in PATH; install it, or "
                                                      "use --engine fake"));
  }
  plan.engine_name = choice.kind == EngineChoice::Kind::kFake
                         ? "fake"
                         : absl::StrCat("real: ", AskVersion(plan.engine, "--version"));
  return absl::OkStatus();
}

}  // namespace

void AddBenchOptions(CLI::App& app, BenchOptions& options) {
  app.add_option("--metric", options.metrics,
                 "only these: names, globs or kinds (time, memory, proxy, throughput); repeat")
      ->type_name("METRIC")
      ->allow_extra_args(false);
  app.add_option("--engine", options.engine,
                 "what shims drive: fake (the stand-in: what is measured is the shim), real (runc) "
                 "or the path of an OCI engine")
      ->type_name("ENGINE")
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "blocks per shim and metric")
      ->type_name("N")
      ->check(CLI::Range(1, kRoundsMax))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "of the order of blocks and of the statistics")
      ->type_name("N")
      ->capture_default_str();
  app.add_flag("--pin,!--no-pin", options.pin,
               "bind the driver to the first CPU and the shims to the others");
  app.add_option("--fixtures", options.fixtures, "directory of the programs in the containers")
      ->type_name("DIR");
  app.add_option("--result", options.result, "write what was measured (JSON)")->type_name("FILE");
}

absl::StatusOr<std::vector<std::string>> SelectMetrics(const std::vector<std::string>& words) {
  std::set<std::string> known;
  for (const benchmarks::Metric& metric : benchmarks::AllMetrics()) known.insert(metric.name);
  for (const std::string& word : words) {
    bool any = false;
    for (const benchmarks::Metric& metric : benchmarks::AllMetrics()) any |= Fits(word, metric);
    if (any) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("--metric ", word, ": no such metric or kind",
                     NearestHint(NearestWords(word, known, kOffersMax)),
                     "; `shimgauge bench metrics` lists them"));
  }
  std::vector<std::string> selected;
  for (const benchmarks::Metric& metric : benchmarks::AllMetrics()) {
    bool wanted = words.empty();
    for (const std::string& word : words) wanted |= Fits(word, metric);
    if (wanted) selected.push_back(metric.name);
  }
  return selected;
}

absl::StatusOr<benchmarks::ShimProgram> DescribeShim(const std::string& argument) {
  std::string label;
  std::string file = argument;
  const std::size_t equals = argument.find('=');
  if (equals != std::string::npos && equals < argument.find('/')) {
    label = argument.substr(0, equals);
    file = argument.substr(equals + 1);
  }
  ASSIGN_OR_RETURN(const ShimBinary binary, FindShim(file));
  if (label.empty()) label = std::filesystem::path(binary.path).filename().string();
  return benchmarks::ShimProgram{.name = label,
                                 .path = binary.path,
                                 .sha256 = binary.sha256,
                                 .version = AskVersion(binary.path, "-v")};
}

absl::StatusOr<benchmarks::MeasurePlan> MakeMeasurePlan(const BenchOptions& options,
                                                        const std::vector<std::string>& shims) {
  benchmarks::MeasurePlan plan;
  ASSIGN_OR_RETURN(plan.metrics, SelectMetrics(options.metrics));
  std::set<std::string> names;
  for (const std::string& argument : shims) {
    ASSIGN_OR_RETURN(benchmarks::ShimProgram shim, DescribeShim(argument));
    const std::string name = shim.name;
    for (int number = 2; !names.insert(shim.name).second; ++number) {
      shim.name = absl::StrCat(name, "-", number);
    }
    plan.shims.push_back(std::move(shim));
  }
  RETURN_IF_ERROR(ResolveEngine(options, plan));
  ASSIGN_OR_RETURN(plan.fixtures, FindFixtures(options.fixtures));
  plan.rounds = options.rounds;
  plan.seed = options.seed;
  plan.pinned = options.pin;
  plan.progress = TerminalProgress();
  return plan;
}

std::function<void(const std::string&)> TerminalProgress() {
  if (::isatty(STDERR_FILENO) == 0) return [](const std::string&) {};
  return [](const std::string& text) { std::fprintf(stderr, "\r\033[K%s", text.c_str()); };
}

int ComplainOfBench(const absl::Status& status) {
  if (absl::IsPermissionDenied(status)) {
    return Complain(
        absl::FailedPreconditionError(absl::StrCat("measuring needs root: ", status.message())));
  }
  if (absl::IsCancelled(status)) {
    Complain(status);
    return 130;
  }
  return Complain(status);
}

}  // namespace conformance
