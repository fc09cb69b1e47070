// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/json_records.h"

#include <absl/time/time.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "conformance/harness/daemon_fit.h"
#include "conformance/harness/names.h"
#include "conformance/harness/requirement.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/text.h"

namespace conformance {
namespace {

using Json = nlohmann::ordered_json;

// Longest text taken over from a shim; the recording keeps all of it.
constexpr std::size_t kTextBytesMax = 4096;
constexpr std::size_t kHistoryMax = 400;

std::string Word(absl::string_view text) { return std::string(text); }

std::string Limited(const std::string& text) {
  if (text.size() <= kTextBytesMax) return text;
  return text.substr(0, kTextBytesMax) + "...";
}

std::string Tail(const std::string& text) {
  return text.size() <= kTextBytesMax ? text : "..." + text.substr(text.size() - kTextBytesMax);
}

Json WhyRecord(const Why& why) {
  Json record = {{"code", why.code}, {"text", Limited(why.text)}};
  if (!why.expected.empty()) record["expected"] = Limited(why.expected);
  if (!why.observed.empty()) record["observed"] = Limited(why.observed);
  if (!why.requirement.empty()) record["requirement"] = why.requirement;
  if (!why.where.empty()) record["where"] = why.where;
  return record;
}

// The history up to its limit; the part around the contradiction is the one that is kept.
Json HistoryRecord(const std::vector<HistoryEntry>& history) {
  std::size_t first = history.size() > kHistoryMax ? history.size() - kHistoryMax : 0;
  const auto marked = std::find_if(history.begin(), history.end(),
                                   [](const HistoryEntry& one) { return one.contradiction; });
  if (marked != history.end()) {
    const auto position = static_cast<std::size_t>(marked - history.begin());
    first = std::min(first, position > kHistoryMax / 2 ? position - kHistoryMax / 2 : 0);
  }
  Json records = Json::array();
  for (std::size_t i = first; i < std::min(history.size(), first + kHistoryMax); ++i) {
    Json record = {{"at_us", history[i].offset_us},
                   {"lane", Word(LaneName(history[i].lane))},
                   {"text", Limited(history[i].text)}};
    if (history[i].contradiction) record["first_contradiction"] = true;
    records.push_back(std::move(record));
  }
  return records;
}

Json RequirementsRecord(const Check& check) {
  Json records = Json::array();
  for (const std::string& id : check.requirements) {
    Json record = {{"id", id}};
    if (const Requirement* requirement = LookupRequirement(id)) {
      record["level"] = Word(LevelName(requirement->level));
      record["source"] = Word(requirement->source);
    }
    records.push_back(std::move(record));
  }
  return records;
}

Json DialectRecord(const DialectProbe& probe) {
  Json record = {{"usable", probe.usable}};
  if (probe.usable) {
    record["version"] = probe.version;
    record["protocol"] = probe.protocol;
  } else {
    record["problem"] = Limited(probe.problem);
  }
  record["ms"] = Milliseconds(std::chrono::microseconds(probe.took_us));
  return record;
}

// One row per generation of containerd.
Json DaemonRecords(const std::vector<DaemonFit>& fits) {
  Json records = Json::array();
  for (const DaemonFit& fit : fits) {
    records.push_back({{"containerd", Word(DaemonLineName(fit.line))},
                       {"answer", AnswerName(fit.answer)},
                       {"reason", fit.reason},
                       {"must_broken", fit.broken}});
  }
  return records;
}

}  // namespace

Json RunRecord(const RunInfo& run) {
  Json plan = Json::array();
  for (const PlannedCheck& planned : run.plan) {
    Json row = {{"id", planned.check->id}, {"level", Word(LevelName(planned.check->level))}};
    if (planned.skip) row["skip"] = Word(SkipKindName(*planned.skip));
    plan.push_back(std::move(row));
  }
  Json record = {
      {"schema", kResultSchema},
      {"suite", {{"name", "shimgauge"}, {"version", run.suite_version}}},
      {"started",
       absl::FormatTime(absl::RFC3339_sec, absl::FromChrono(run.started_at), absl::UTCTimeZone())},
      {"shim", {{"path", run.shim_path}, {"sha256", run.shim_sha256}}},
      {"profile", {{"name", run.profile.name}, {"claims", NeedNames(run.profile.claims)}}},
      {"host",
       {{"kernel", run.host.kernel},
        {"cgroup", run.host.cgroup_mode},
        {"root", run.host.root},
        {"cpus", run.host.cpus}}},
      {"argv", run.argv},
      {"again", run.again},
      {"seed", SeedText(run.seed)},
      {"jobs", run.jobs},
      {"repeat", run.repeat},
      {"deadline_scale", run.deadline_scale},
      {"selection", {{"checks", run.selection.checks}, {"digest", run.selection.digest}}}};
  if (!run.shard.whole()) {
    record["shard"] = {{"index", run.shard.index}, {"of", run.shard.of}};
  }
  record["plan"] = std::move(plan);
  return record;
}

Json ProbeRecord(const SubjectInfo& subject, const std::string& engine) {
  return {{"usable", subject.usable()},
          {"version", ShortVersion(subject.version_text)},
          {"task_version", subject.task_version},
          {"legacy", DialectRecord(subject.legacy)},
          {"params", DialectRecord(subject.params)},
          {"engine", engine}};
}

Json AttemptRecord(const Attempt& attempt) {
  Json record = {{"attempt", attempt.number},
                 {"verdict", Word(VerdictName(attempt.verdict))},
                 {"ms", Milliseconds(attempt.took)},
                 {"cpu_ms", Milliseconds(attempt.worked)},
                 {"seed", SeedText(attempt.seed)}};
  if (!attempt.whys.empty()) record["why"] = attempt.whys.front().code;
  return record;
}

Json CheckRecord(const CheckResult& result, const RunInfo& run) {
  const Check& check = *result.planned.check;
  const Expectation* expected = result.planned.expectation;
  Json record = {{"id", check.id},
                 {"area", AreaOf(check.id)},
                 {"level", Word(LevelName(check.level))},
                 {"tags", check.tags},
                 {"reqs", RequirementsRecord(check)},
                 {"actual", Word(ResultName(result.result))},
                 {"expected", expected == nullptr ? "pass" : Word(ResultName(expected->result))},
                 {"unexpected", result.unexpected}};
  if (!result.unexpected_text.empty()) record["differs"] = result.unexpected_text;
  if (expected != nullptr) {
    record["expected_why"] = expected->why;
    record["expected_kind"] = Word(KindName(expected->kind));
    record["reference"] = expected->reference;
  }
  if (result.result == Result::kSkip) {
    record["skip"] = {{"kind", Word(SkipKindName(result.skip_kind()))},
                      {"reason", Limited(result.skip_reason())}};
  }
  record["attempts"] = Json::array();
  for (const Attempt& attempt : result.attempts) {
    record["attempts"].push_back(AttemptRecord(attempt));
  }
  const Attempt* attempt = result.evidence();
  if (attempt == nullptr) return record;
  record["decisive"] = result.decisive;
  record["metrics"] = {{"rpc_n", attempt->rpc_count},
                       {"boot_us", attempt->boot_us},
                       {"check_us", attempt->check_us}};
  if (!attempt->notes.empty()) record["notes"] = attempt->notes;
  if (result.result == Result::kPass) return record;
  record["whys"] = Json::array();
  for (const Why& why : attempt->whys) record["whys"].push_back(WhyRecord(why));
  if (!attempt->hang.empty()) {
    record["hang"] = Json::array();
    for (const std::string& line : attempt->hang) record["hang"].push_back(Limited(line));
  }
  record["sut"] = Limited(attempt->after);
  record["leaks"] = Json::array();
  for (const Remainder& left : attempt->left) {
    record["leaks"].push_back({{"code", left.code}, {"text", Limited(left.text)}});
  }
  record["history"] = HistoryRecord(attempt->history);
  record["shim_log"] = Tail(attempt->shim_log);
  record["repro"] = AgainCommand(result, run);
  return record;
}

Json SummaryRecord(const Summary& summary, std::chrono::microseconds took) {
  Json counts = Json::object();
  for (const Result result : kResults) {
    counts[Word(ResultName(result))] = summary.counts.of(result);
  }
  Json levels = Json::object();
  for (const Level level : {Level::kMust, Level::kShould, Level::kMay}) {
    const Counts::LevelCounts at = summary.counts.at(level);
    levels[Word(LevelName(level))] = {
        {"judged", at.judged}, {"passed", at.passed}, {"expected_red", at.expected}};
  }
  return {{"planned", summary.planned},
          {"counts", std::move(counts)},
          {"by_level", std::move(levels)},
          {"unexpected", summary.counts.unexpected()},
          {"stale_expectations", summary.stale_expectations},
          {"broken_claims", summary.broken_claims},
          {"refused_skips", summary.refused_skips},
          {"harness_problems", summary.harness_problems},
          {"interrupted", summary.interrupted},
          {"stopped_early", summary.stopped_early},
          {"exit_code", ExitCodeOf(summary)},
          {"reasons", Reasons(summary)},
          {"ms", Milliseconds(took)},
          {"complete", !summary.interrupted && summary.counts.of(Result::kNotRun) == 0}};
}

Json ResultRecord(const FinishedRun& finished) {
  Json document = RunRecord(*finished.run);
  document.erase("plan");  // every planned check is in `checks`
  document["probe"] = ProbeRecord(finished.subject, finished.engine);
  document["checks"] = Json::array();
  for (const CheckResult& result : finished.results) {
    document["checks"].push_back(CheckRecord(result, *finished.run));
  }
  const std::vector<DaemonFit> fits = DaemonFits(finished.results);
  if (!fits.empty()) document["daemons"] = DaemonRecords(fits);
  document["summary"] = SummaryRecord(finished.summary, finished.took);
  return document;
}

std::string JsonText(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace conformance
