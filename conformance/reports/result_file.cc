// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/result_file.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <absl/time/time.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "conformance/harness/names.h"
#include "conformance/reports/json_fields.h"
#include "conformance/reports/json_records.h"

namespace conformance {
namespace {

using Json = nlohmann::ordered_json;

// Names, parsed by trying those there are.
template <typename Value, typename Values, typename Name>
std::optional<Value> ByName(const Values& values, Name name, const std::string& text) {
  for (const Value value : values) {
    if (name(value) == text) return value;
  }
  return std::nullopt;
}

constexpr std::array<SkipKind, 4> kSkipKinds = {SkipKind::kNotClaimed, SkipKind::kHost,
                                                SkipKind::kDisabled, SkipKind::kLevel};
constexpr std::array<HistoryEntry::Lane, 5> kLanes = {
    HistoryEntry::Lane::kRpc, HistoryEntry::Lane::kEvent, HistoryEntry::Lane::kProcess,
    HistoryEntry::Lane::kWorld, HistoryEntry::Lane::kLog};
constexpr std::array<Expectation::Result, 6> kExpectedResults = {
    Expectation::Result::kFail, Expectation::Result::kHang,  Expectation::Result::kCrash,
    Expectation::Result::kLeak, Expectation::Result::kFlaky, Expectation::Result::kSkip};
constexpr std::array<Expectation::Kind, 4> kKinds = {
    Expectation::Kind::kBug, Expectation::Kind::kWontfix, Expectation::Kind::kSpecDispute,
    Expectation::Kind::kHost};

absl::Status Mistake(const std::string& name, absl::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": ", problem));
}

std::string TypeOf(const Json& record) {
  if (!record.is_object() || !record.contains("t") || !record["t"].is_string()) return "";
  return record["t"].get<std::string>();
}

// What the profile's claims were, as far as this build knows their names.
Needs ClaimsOf(const std::string& names) {
  const std::vector<std::string> words = absl::StrSplit(names, ", ");
  Needs claims = 0;
  for (Needs bit = 1; bit != 0; bit <<= 1) {
    const std::string name(NeedName(static_cast<Need>(bit)));
    if (std::find(words.begin(), words.end(), name) != words.end()) claims |= bit;
  }
  return claims;
}

// A stream as the document it folds into.
absl::StatusOr<Json> Fold(const std::vector<Json>& records, const std::string& name) {
  Json document;
  Json checks = Json::array();
  for (const Json& record : records) {
    const std::string type = TypeOf(record);
    if (type == "run.start") {
      document = record;
    } else if (type == "probe") {
      document["probe"] = record;
    } else if (type == "check.end") {
      checks.push_back(record);
    } else if (type == "run.end") {
      document["summary"] = record;
    }
  }
  if (!document.contains("schema")) return Mistake(name, "a stream without run.start");
  if (!document.contains("summary")) {
    return Mistake(name, "a stream without run.end: that run was killed");
  }
  document["checks"] = std::move(checks);
  return document;
}

absl::StatusOr<Json> ParseText(absl::string_view text, const std::string& name) {
  Json document = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  const bool one_record = document.is_object() && document.contains("t");
  if (!document.is_discarded() && !one_record) return document;
  std::vector<Json> records;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (line.empty()) continue;
    records.push_back(Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false));
    if (records.back().is_discarded()) {
      return Mistake(name, number == 1 ? "no JSON; expected results.json or the jsonl stream"
                                       : absl::StrCat("line ", number, " is no JSON"));
    }
  }
  return Fold(records, name);
}

}  // namespace

// Fills one ResultFile.
class ResultFileReader {
 public:
  explicit ResultFileReader(std::string name) {
    file_.name_ = std::move(name);
    file_.run_ = std::make_unique<RunInfo>();
    file_.finished_.run = file_.run_.get();
  }

  absl::StatusOr<ResultFile> Read(const Json& document) {
    JsonFields fields(file_.name_, document);
    std::int64_t schema = 0;
    fields.Get("schema", schema);
    if (fields.status().ok() && schema != kResultSchema) {
      fields.Fail("schema", absl::StrCat("is ", schema, ", this build reads ", kResultSchema));
    }
    ReadRun(fields);
    fields.FindObject("probe", [this](JsonFields& probe) { return ReadProbe(probe); });
    fields.Each("checks", [this](JsonFields& check) { return ReadCheck(check); });
    fields.Object("summary", [this](JsonFields& summary) { return ReadSummary(summary); });
    RETURN_IF_ERROR(fields.status());
    RunInfo& run = *file_.run_;
    for (const CheckResult& result : file_.finished_.results) {
      run.plan.push_back(result.planned);
      file_.finished_.summary.counts.Add(result);
    }
    file_.finished_.summary.planned = run.plan.size();
    return std::move(file_);
  }

 private:
  void ReadRun(JsonFields& fields);
  absl::Status ReadProbe(JsonFields& fields);
  absl::Status ReadCheck(JsonFields& fields);
  absl::Status ReadSummary(JsonFields& fields);
  static void ReadEvidence(JsonFields& fields, Attempt& attempt);
  static void ReadAttempts(JsonFields& fields, CheckResult& result);
  void ReadExpectation(JsonFields& fields, CheckResult& result);

  ResultFile file_;
};

namespace {

void ReadSeed(JsonFields& fields, std::uint64_t& seed) {
  std::string text;
  fields.Get("seed", text);
  if (fields.status().ok() && !absl::SimpleHexAtoi(text, &seed)) {
    fields.Fail("seed", absl::StrCat("'", text, "' is no hexadecimal number"));
  }
}

void ReadDialect(JsonFields& fields, const char* name, DialectProbe& probe) {
  fields.Object(name, [&probe](JsonFields& dialect) {
    std::int64_t ms = 0;
    dialect.Get("usable", probe.usable);
    dialect.Get("ms", ms);
    probe.took_us = ms * 1000;
    if (probe.usable) {
      dialect.Get("version", probe.version);
      dialect.Get("protocol", probe.protocol);
    } else {
      dialect.Get("problem", probe.problem);
    }
    return absl::OkStatus();
  });
}

absl::Status ReadWhy(JsonFields& fields, Why& why) {
  fields.Get("code", why.code);
  fields.Get("text", why.text);
  fields.Find("expected", why.expected);
  fields.Find("observed", why.observed);
  fields.Find("requirement", why.requirement);
  fields.Find("where", why.where);
  return absl::OkStatus();
}

absl::Status ReadEntry(JsonFields& fields, HistoryEntry& entry) {
  std::string lane;
  fields.Get("at_us", entry.offset_us);
  fields.Get("lane", lane);
  fields.Get("text", entry.text);
  fields.Find("first_contradiction", entry.contradiction);
  const auto parsed = ByName<HistoryEntry::Lane>(kLanes, &LaneName, lane);
  if (fields.status().ok() && !parsed) fields.Fail("lane", absl::StrCat("'", lane, "' is none"));
  entry.lane = parsed.value_or(HistoryEntry::Lane::kWorld);
  return absl::OkStatus();
}

}  // namespace

void ResultFileReader::ReadRun(JsonFields& fields) {
  RunInfo& run = *file_.run_;
  fields.Object("suite", [&run](JsonFields& suite) {
    suite.Get("version", run.suite_version);
    return absl::OkStatus();
  });
  std::string started;
  fields.Get("started", started);
  absl::Time time;
  std::string error;
  if (fields.status().ok() && !absl::ParseTime(absl::RFC3339_sec, started, &time, &error)) {
    fields.Fail("started", "expected a time such as 2026-01-31T12:00:00+00:00");
  }
  run.started_at = absl::ToChronoTime(time);
  fields.Object("shim", [&run](JsonFields& shim) {
    shim.Get("path", run.shim_path);
    shim.Get("sha256", run.shim_sha256);
    return absl::OkStatus();
  });
  fields.Object("profile", [&run](JsonFields& profile) {
    std::string claims;
    profile.Get("name", run.profile.name);
    profile.Get("claims", claims);
    run.profile.claims = ClaimsOf(claims);
    return absl::OkStatus();
  });
  fields.Object("host", [&run](JsonFields& host) {
    host.Get("kernel", run.host.kernel);
    host.Get("cgroup", run.host.cgroup_mode);
    host.Get("root", run.host.root);
    host.Get("cpus", run.host.cpus);
    return absl::OkStatus();
  });
  fields.Get("argv", run.argv);
  ReadSeed(fields, run.seed);
  fields.Get("jobs", run.jobs);
  fields.Get("repeat", run.repeat);
  fields.Get("deadline_scale", run.deadline_scale);
  fields.Get("again", run.again);
  fields.Object("selection", [&run](JsonFields& selection) {
    selection.Get("checks", run.selection.checks);
    selection.Get("digest", run.selection.digest);
    return absl::OkStatus();
  });
  fields.FindObject("shard", [&run](JsonFields& shard) {
    int index = 0;
    int of = 0;
    shard.Get("index", index);
    shard.Get("of", of);
    if (shard.status().ok() && (of < 1 || index < 1 || index > of)) {
      shard.Fail("index", absl::StrCat("is ", index, ", expected 1 to ", of));
    }
    run.shard = {.index = index, .of = of};
    return absl::OkStatus();
  });
}

absl::Status ResultFileReader::ReadProbe(JsonFields& fields) {
  SubjectInfo& subject = file_.finished_.subject;
  fields.Get("version", subject.version_text);
  fields.Get("task_version", subject.task_version);
  ReadDialect(fields, "legacy", subject.legacy);
  ReadDialect(fields, "params", subject.params);
  fields.Get("engine", file_.finished_.engine);
  return absl::OkStatus();
}

absl::Status ResultFileReader::ReadCheck(JsonFields& fields) {
  Check& check = file_.checks_.emplace_back();
  CheckResult& result = file_.finished_.results.emplace_back();
  result.index = file_.finished_.results.size() - 1;
  result.planned.check = &check;
  std::string level;
  std::string actual;
  fields.Get("id", check.id);
  fields.Get("level", level);
  fields.Get("tags", check.tags);
  fields.Each("reqs", [&check](JsonFields& requirement) {
    requirement.Get("id", check.requirements.emplace_back());
    return absl::OkStatus();
  });
  fields.Get("actual", actual);
  fields.Get("unexpected", result.unexpected);
  fields.Find("differs", result.unexpected_text);
  RETURN_IF_ERROR(fields.status());
  const std::optional<Level> parsed_level = ParseLevel(level);
  const auto parsed = ByName<Result>(
      kResults, [](Result one) { return ResultName(one); }, actual);
  if (!parsed_level) fields.Fail("level", absl::StrCat("'", level, "' is none"));
  if (!parsed) fields.Fail("actual", absl::StrCat("'", actual, "' is no verdict"));
  RETURN_IF_ERROR(fields.status());
  check.level = *parsed_level;
  result.result = *parsed;
  ReadExpectation(fields, result);
  if (result.result == Result::kXfail && result.planned.expectation == nullptr) {
    fields.Fail("expected", "is pass, but actual is xfail");
  }
  fields.FindObject("skip", [&result](JsonFields& skip) {
    std::string kind;
    skip.Get("kind", kind);
    skip.Get("reason", result.planned.skip_reason);
    result.planned.skip = ByName<SkipKind>(kSkipKinds, &SkipKindName, kind);
    if (skip.status().ok() && !result.planned.skip) {
      skip.Fail("kind", absl::StrCat("'", kind, "' is none"));
    }
    return absl::OkStatus();
  });
  ReadAttempts(fields, result);
  return fields.status();
}

void ResultFileReader::ReadExpectation(JsonFields& fields, CheckResult& result) {
  std::string expected;
  fields.Get("expected", expected);
  if (!fields.status().ok() || expected == "pass") return;
  const auto parsed = ByName<Expectation::Result>(
      kExpectedResults, [](Expectation::Result one) { return ResultName(one); }, expected);
  if (!parsed) return fields.Fail("expected", absl::StrCat("'", expected, "' is no verdict"));
  Expectation& expectation = file_.expectations_.emplace_back();
  expectation.check = result.planned.check->id;
  expectation.result = *parsed;
  fields.Find("expected_why", expectation.why);
  fields.Find("reference", expectation.reference);
  std::string kind = "bug";
  fields.Find("expected_kind", kind);
  expectation.kind = ByName<Expectation::Kind>(
                         kKinds, [](Expectation::Kind one) { return KindName(one); }, kind)
                         .value_or(Expectation::Kind::kBug);
  result.planned.expectation = &expectation;
}

void ResultFileReader::ReadAttempts(JsonFields& fields, CheckResult& result) {
  fields.Each("attempts", [&result](JsonFields& one) {
    Attempt& attempt = result.attempts.emplace_back();
    attempt.number = static_cast<int>(result.attempts.size());  // in files of older versions
    std::string verdict;
    std::int64_t ms = 0;
    std::int64_t cpu_ms = 0;  // not in files of older versions
    one.Find("attempt", attempt.number);
    one.Get("verdict", verdict);
    one.Get("ms", ms);
    one.Find("cpu_ms", cpu_ms);
    ReadSeed(one, attempt.seed);
    attempt.took = std::chrono::milliseconds(ms);
    attempt.worked = std::chrono::milliseconds(cpu_ms);
    std::string code;
    one.Find("why", code);
    if (!code.empty()) attempt.whys = {{.code = code}};
    const std::optional<Verdict> parsed = ParseVerdict(verdict);
    if (one.status().ok() && !parsed) {
      one.Fail("verdict", absl::StrCat("'", verdict, "' is none"));
    }
    attempt.verdict = parsed.value_or(Verdict::kError);
    return absl::OkStatus();
  });
  if (!fields.status().ok() || result.attempts.empty()) return;
  std::size_t decisive = 0;
  fields.Get("decisive", decisive);
  if (decisive >= result.attempts.size()) {
    return fields.Fail("decisive",
                       absl::StrCat("is ", decisive, ", expected an index of attempts"));
  }
  result.decisive = decisive;
  ReadEvidence(fields, result.attempts[result.decisive]);
}

void ResultFileReader::ReadEvidence(JsonFields& fields, Attempt& attempt) {
  fields.FindObject("metrics", [&attempt](JsonFields& metrics) {
    metrics.Get("rpc_n", attempt.rpc_count);
    metrics.Get("boot_us", attempt.boot_us);
    metrics.Get("check_us", attempt.check_us);
    return absl::OkStatus();
  });
  fields.Find("notes", attempt.notes);
  if (fields.Has("whys")) attempt.whys.clear();
  fields.FindEach(
      "whys", [&attempt](JsonFields& why) { return ReadWhy(why, attempt.whys.emplace_back()); });
  fields.Find("hang", attempt.hang);
  fields.Find("sut", attempt.after);
  fields.FindEach("leaks", [&attempt](JsonFields& leak) {
    Remainder& left = attempt.left.emplace_back();
    leak.Get("code", left.code);
    leak.Get("text", left.text);
    return absl::OkStatus();
  });
  fields.FindEach("history", [&attempt](JsonFields& entry) {
    return ReadEntry(entry, attempt.history.emplace_back());
  });
  fields.Find("shim_log", attempt.shim_log);
}

absl::Status ResultFileReader::ReadSummary(JsonFields& fields) {
  Summary& summary = file_.finished_.summary;
  std::int64_t ms = 0;
  std::int64_t refused = 0;
  fields.Get("stale_expectations", summary.stale_expectations);
  fields.Find("broken_claims", summary.broken_claims);  // not in files of older versions
  fields.Get("refused_skips", refused);
  summary.refused_skips = static_cast<std::size_t>(refused);
  fields.Get("harness_problems", summary.harness_problems);
  fields.Get("interrupted", summary.interrupted);
  fields.Get("stopped_early", summary.stopped_early);
  fields.Get("complete", file_.complete_);
  fields.Get("ms", ms);
  file_.finished_.took = std::chrono::milliseconds(ms);
  return absl::OkStatus();
}

absl::StatusOr<ResultFile> ResultFile::Parse(absl::string_view text, const std::string& name) {
  ASSIGN_OR_RETURN(const Json document, ParseText(text, name));
  return ResultFileReader(name).Read(document);
}

absl::StatusOr<ResultFile> ResultFile::Read(const std::string& path) {
  const absl::StatusOr<std::string> text = base::ReadKernelFile(path);
  if (!text.ok()) return absl::InvalidArgumentError(text.status().message());
  return Parse(*text, path);
}

const CheckResult* ResultFile::Find(absl::string_view check_id) const {
  const std::vector<CheckResult>& results = finished_.results;
  const auto found = std::find_if(
      results.begin(), results.end(),
      [check_id](const CheckResult& result) { return result.planned.check->id == check_id; });
  return found == results.end() ? nullptr : &*found;
}

std::map<std::string, std::chrono::microseconds> ResultFile::Durations() const {
  std::map<std::string, std::chrono::microseconds> durations;
  for (const CheckResult& result : finished_.results) {
    std::chrono::microseconds sum{0};
    for (const Attempt& attempt : result.attempts) sum += attempt.took;
    if (sum.count() == 0) continue;
    durations[result.planned.check->id] = sum / static_cast<int>(result.attempts.size());
  }
  return durations;
}

}  // namespace conformance
