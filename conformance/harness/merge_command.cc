// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/merge_command.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/commands.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/reports.h"

namespace conformance {
namespace {

constexpr char kFooter[] = R"(
Every shard needs the same --seed, or the parts are not one run.

Examples:
  shimgauge run --shim ./my-shim --seed 5eed --shard 1/2 --report json=1.json
  shimgauge run --shim ./my-shim --seed 5eed --shard 2/2 --report json=2.json
  shimgauge merge 1.json 2.json --report json=all.json --report html=all.html

The exit code is that of the whole run.)";

// What has to be the same in all parts of one run.
std::vector<std::pair<std::string, std::string>> Identity(const ResultFile& part) {
  const RunInfo& run = part.run();
  return {{"suite", run.suite_version},
          {"shim", run.shim_sha256},
          {"version of the shim", part.finished().subject.version_text},
          {"profile", absl::StrCat(run.profile.name, " (", NeedNames(run.profile.claims), ")")},
          {"seed", SeedText(run.seed)},
          {"deadline scale", absl::StrCat(run.deadline_scale)},
          {"repeat", absl::StrCat(run.repeat)},
          {"number of shards", absl::StrCat(run.shard.of)}};
}

absl::Status CheckSameRun(const ResultFile& first, const ResultFile& other) {
  const auto expected = Identity(first);
  const auto found = Identity(other);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == found[i]) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(other.name(), " is of another run than ", first.name(), ": ",
                     expected[i].first, " ", found[i].second, ", there ", expected[i].second));
  }
  if (!first.run().shard.whole() && first.run().selection != other.run().selection) {
    return absl::InvalidArgumentError(
        absl::StrCat(other.name(), " is a shard of another selection than ", first.name(), ": ",
                     other.run().selection.checks, " checks, there ", first.run().selection.checks,
                     "; give all shards the same selectors"));
  }
  return absl::OkStatus();
}

absl::Status CheckShards(const std::vector<ResultFile>& parts) {
  const int of = parts.front().run().shard.of;
  if (of == 1) return absl::OkStatus();  // parts of another kind, such as areas
  std::map<int, std::string> present;
  for (const ResultFile& part : parts) {
    const auto [other, fresh] = present.emplace(part.run().shard.index, part.name());
    if (!fresh) {
      return absl::InvalidArgumentError(absl::StrCat(part.name(), " and ", other->second,
                                                     " are the same shard, ",
                                                     part.run().shard.index, " of ", of));
    }
  }
  std::vector<int> missing;
  for (int index = 1; index <= of; ++index) {
    if (present.count(index) == 0) missing.push_back(index);
  }
  if (missing.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("of ", of, " shards ",
                                                 absl::StrJoin(missing, ", "),
                                                 missing.size() == 1 ? " is" : " are", " missing"));
}

absl::Status CheckOverlaps(const std::vector<ResultFile>& parts) {
  std::map<std::string, std::string> owners;
  for (const ResultFile& part : parts) {
    for (const CheckResult& result : part.finished().results) {
      const auto [owner, fresh] = owners.emplace(result.planned.check->id, part.name());
      if (fresh) continue;
      return absl::InvalidArgumentError(absl::StrCat(result.planned.check->id, " is in ",
                                                     owner->second, " and in ", part.name()));
    }
  }
  return absl::OkStatus();
}

// What every shard found for itself is told once.
void AddNew(const std::vector<std::string>& sentences, std::vector<std::string>& all) {
  for (const std::string& sentence : sentences) {
    if (std::find(all.begin(), all.end(), sentence) == all.end()) all.push_back(sentence);
  }
}

void AddSummary(const ResultFile& part, Summary& all) {
  const Summary& summary = part.finished().summary;
  AddNew(summary.stale_expectations, all.stale_expectations);
  AddNew(summary.broken_claims, all.broken_claims);
  for (const std::string& problem : summary.harness_problems) {
    all.harness_problems.push_back(absl::StrCat(part.name(), ": ", problem));
  }
  all.interrupted |= summary.interrupted;
  all.stopped_early |= summary.stopped_early;
  all.refused_skips += summary.refused_skips;
}

struct MergeOptions {
  std::vector<std::string> files;
  std::vector<std::string> reports;
  bool verbose = false;
};

int MergeCommand(const MergeOptions& options, const std::vector<Check>& checks) {
  std::vector<ResultFile> parts;
  for (const std::string& file : options.files) {
    absl::StatusOr<ResultFile> part = ResultFile::Read(file);
    if (!part.ok()) return Complain(part.status());
    parts.push_back(*std::move(part));
  }
  const absl::StatusOr<MergedRun> merged = MergedRun::Merge(std::move(parts), checks);
  if (!merged.ok()) return Complain(merged.status());
  const absl::StatusOr<OpenReports> reports = OpenAllReports(options.reports, options.verbose);
  if (!reports.ok()) return Complain(reports.status());
  for (const std::unique_ptr<Report>& report : reports->all) Retell(merged->finished(), *report);
  return ExitUnlessLost(*reports, ExitCodeOf(merged->finished().summary));
}

}  // namespace

absl::StatusOr<MergedRun> MergedRun::Merge(std::vector<ResultFile> parts,
                                           const std::vector<Check>& known) {
  for (const ResultFile& part : parts) RETURN_IF_ERROR(CheckSameRun(parts.front(), part));
  RETURN_IF_ERROR(CheckShards(parts));
  RETURN_IF_ERROR(CheckOverlaps(parts));

  std::map<absl::string_view, std::size_t> places;
  for (std::size_t i = 0; i < known.size(); ++i) places[known[i].id] = i;
  const auto place = [&](const CheckResult& result) {
    const auto found = places.find(result.planned.check->id);
    return std::pair<std::size_t, std::string>(found == places.end() ? known.size() : found->second,
                                               result.planned.check->id);
  };

  MergedRun merged;
  merged.parts_ = std::move(parts);
  merged.run_ = std::make_unique<RunInfo>(merged.parts_.front().run());
  RunInfo& run = *merged.run_;
  FinishedRun& finished = merged.finished_;
  finished.run = &run;
  finished.subject = merged.parts_.front().finished().subject;
  finished.engine = merged.parts_.front().finished().engine;
  for (const ResultFile& part : merged.parts_) {
    const FinishedRun& own = part.finished();
    finished.results.insert(finished.results.end(), own.results.begin(), own.results.end());
    AddSummary(part, finished.summary);
    // They ran side by side.
    finished.took = std::max(finished.took, own.took);
    run.started_at = std::min(run.started_at, part.run().started_at);
  }
  std::stable_sort(finished.results.begin(), finished.results.end(),
                   [&](const CheckResult& a, const CheckResult& b) { return place(a) < place(b); });
  run.plan.clear();
  for (std::size_t i = 0; i < finished.results.size(); ++i) {
    finished.results[i].index = i;
    run.plan.push_back(finished.results[i].planned);
    finished.summary.counts.Add(finished.results[i]);
  }
  run.shard = Shard();
  run.selection = DigestOf(run.plan);
  finished.summary.planned = run.plan.size();
  return merged;
}

CommandAction DefineMerge(CLI::App& app, const CommandContext& context) {
  const auto options = std::make_shared<MergeOptions>();  // owners: CLI's bindings, the action
  app.add_option("files", options->files, "results (json or jsonl) of all shards of one run")
      ->type_name("RESULT")
      ->required();
  app.add_option("--report", options->reports, "FORMAT=FILE, as for run")
      ->type_name("FORMAT=FILE")
      ->allow_extra_args(false);
  app.add_flag("-v,--verbose", options->verbose, "a line for every check");
  app.footer(kFooter);
  return [options, context] { return MergeCommand(*options, context.checks); };
}

}  // namespace conformance
