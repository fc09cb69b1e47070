// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/expectations.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <absl/time/clock.h>
#include <absl/time/time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/names.h"
#include "conformance/harness/ready_made.h"
#include "conformance/harness/toml_reader.h"

namespace conformance {
namespace {

using Result = Expectation::Result;
using Kind = Expectation::Kind;

constexpr std::array<std::pair<Result, const char*>, 6> kResultWords = {{{Result::kFail, "fail"},
                                                                         {Result::kHang, "hang"},
                                                                         {Result::kCrash, "crash"},
                                                                         {Result::kLeak, "leak"},
                                                                         {Result::kFlaky, "flaky"},
                                                                         {Result::kSkip, "skip"}}};
constexpr std::array<std::pair<Kind, const char*>, 4> kKindWords = {
    {{Kind::kBug, "bug"},
     {Kind::kWontfix, "wontfix"},
     {Kind::kSpecDispute, "spec-dispute"},
     {Kind::kHost, "host"}}};

template <typename Table>
std::string Words(const Table& table) {
  std::string words;
  for (const auto& [value, name] : table) absl::StrAppend(&words, words.empty() ? "" : ", ", name);
  return words;
}

template <typename Table, typename Value>
bool FindWord(const Table& table, const std::string& word, Value& out) {
  for (const auto& [value, name] : table) {
    if (word == name) {
      out = value;
      return true;
    }
  }
  return false;
}

bool IsDate(const std::string& text) {
  absl::Time time;
  std::string error;
  return text.size() == 10 && absl::ParseTime("%Y-%m-%d", text, &time, &error);
}

bool IsGlob(const std::string& check) { return check.find_first_of("*?") != std::string::npos; }

// "flaky(max_rate=0.02)": cuts the bound off and returns its text; "" when there is none.
std::string TakeRate(std::string& result) {
  absl::string_view rest = result;
  if (!absl::ConsumePrefix(&rest, "flaky(max_rate=") || !absl::ConsumeSuffix(&rest, ")")) return "";
  const std::string rate(rest);
  result = "flaky";
  return rate;
}

absl::Status ReadRate(TomlReader& reader, const std::string& written, Expectation& entry) {
  ASSIGN_OR_RETURN(std::optional<double> rate, reader.Number("max_rate"));
  if (!written.empty()) {
    if (rate) return reader.Error("max_rate", "is said in `result` already");
    rate = 0;
    if (!absl::SimpleAtod(written, &*rate)) {
      return reader.Error("result", absl::StrCat("\"", written, "\" is no rate such as 0.02"));
    }
  }
  if (entry.result == Result::kFlaky) {
    if (!rate || !(*rate > 0 && *rate <= 1)) {
      return reader.Error(written.empty() ? "max_rate" : "result",
                          "a flaky check needs its bound, above 0 and at most 1");
    }
    entry.max_rate = *rate;
  } else if (rate) {
    return reader.Error("max_rate", "only result = \"flaky\" has a rate");
  }
  return absl::OkStatus();
}

absl::Status ReadResult(TomlReader& reader, Expectation& entry) {
  ASSIGN_OR_RETURN(std::optional<std::string> result, reader.String("result"));
  if (!result) return reader.Error("result", absl::StrCat("missing; one of ", Words(kResultWords)));
  const std::string rate = TakeRate(*result);
  if (!FindWord(kResultWords, *result, entry.result)) {
    return reader.Error("result",
                        absl::StrCat("\"", *result, "\" is none of ", Words(kResultWords)));
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> why, reader.String("why"));
  if (why) {
    if (!IsWhyCode(*why)) {
      return reader.Error("why", absl::StrCat("\"", *why, "\" is no why.code of this build"));
    }
    entry.why = *why;
  } else if (entry.result != Result::kSkip) {
    return reader.Error("why", "missing; the why.code the failure must have");
  }
  return ReadRate(reader, rate, entry);
}

absl::Status ReadReason(TomlReader& reader, Expectation& entry) {
  ASSIGN_OR_RETURN(const std::optional<std::string> issue, reader.String("issue"));
  ASSIGN_OR_RETURN(const std::optional<std::string> reference, reader.String("reference"));
  entry.reference = issue.value_or(reference.value_or(""));
  if (entry.reference.empty()) {
    return reader.Error("issue", "missing; say where this is known (issue or reference)");
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> kind, reader.String("kind"));
  if (kind && !FindWord(kKindWords, *kind, entry.kind)) {
    return reader.Error("kind", absl::StrCat("\"", *kind, "\" is none of ", Words(kKindWords)));
  }
  ASSIGN_OR_RETURN(const std::optional<std::string> until, reader.String("until"));
  if (until && !IsDate(*until)) {
    return reader.Error("until", absl::StrCat("\"", *until, "\" is no date such as 2027-03-01"));
  }
  entry.until = until.value_or("");
  ASSIGN_OR_RETURN(const std::optional<std::string> owner, reader.String("owner"));
  entry.owner = owner.value_or("");
  ASSIGN_OR_RETURN(const std::optional<std::string> when, reader.String("when"));
  if (!when) return absl::OkStatus();
  absl::StatusOr<Condition> condition = Condition::Parse(*when);
  if (!condition.ok()) return reader.Error("when", condition.status().message());
  entry.when = *std::move(condition);
  return absl::OkStatus();
}

absl::StatusOr<Expectation> ReadEntry(TomlReader& reader, const std::string& file) {
  Expectation entry;
  entry.file = file;
  entry.line = reader.line();
  ASSIGN_OR_RETURN(const std::optional<std::string> check, reader.String("check"));
  if (!check || check->empty()) return reader.Error("check", "missing; a check id or a glob");
  entry.check = *check;
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> matches, reader.Integer("max_matches"));
  if (IsGlob(entry.check) && !matches) {
    return reader.Error("max_matches", "missing; a glob must say how many checks it may match");
  }
  if (matches && *matches < 1) return reader.Error("max_matches", "at least 1");
  entry.max_matches = static_cast<std::size_t>(matches.value_or(1));
  RETURN_IF_ERROR(ReadResult(reader, entry));
  RETURN_IF_ERROR(ReadReason(reader, entry));
  RETURN_IF_ERROR(reader.NothingElse());
  return entry;
}

bool Expired(const Expectation& entry, absl::string_view today) {
  return !entry.until.empty() && absl::string_view(entry.until) < today;
}

// Both cannot hold for one check.
bool Exclude(const Expectation& one, const Expectation& other) {
  if (one.result == Result::kSkip || other.result == Result::kSkip) return true;
  if (one.why == other.why) return true;
  return one.result != Result::kFlaky && other.result != Result::kFlaky;
}

}  // namespace

std::string Expectation::place() const { return absl::StrCat(file, ":", line); }

absl::string_view ResultName(Expectation::Result result) {
  for (const auto& [value, name] : kResultWords) {
    if (value == result) return name;
  }
  return "fail";
}

absl::string_view KindName(Expectation::Kind kind) {
  for (const auto& [value, name] : kKindWords) {
    if (value == kind) return name;
  }
  return "bug";
}

absl::Status Expectations::Add(absl::string_view toml, const std::string& file_name) {
  ASSIGN_OR_RETURN(TomlReader root, TomlReader::Parse(toml, file_name));
  RETURN_IF_ERROR(CheckSchema(root));
  ASSIGN_OR_RETURN(std::vector<TomlReader> tables, root.Tables("expect"));
  RETURN_IF_ERROR(root.NothingElse());
  for (TomlReader& table : tables) {
    ASSIGN_OR_RETURN(Expectation entry, ReadEntry(table, file_name));
    entries_.push_back(std::move(entry));
  }
  return absl::OkStatus();
}

absl::Status Expectations::AddFile(const std::string& path) {
  ASSIGN_OR_RETURN(const NamedText file, ReadNamed(ReadyMade::kExpectations, path));
  return Add(file.text, file.name);
}

bool Expectations::Mentions(absl::string_view fact) const {
  return std::any_of(entries_.begin(), entries_.end(), [fact](const Expectation& entry) {
    return entry.when && entry.when->Mentions(fact);
  });
}

absl::Status Expectations::Bind(const std::vector<Check>& checks, const Facts* facts) {
  match_counts_.assign(entries_.size(), 0);
  applies_.assign(entries_.size(), true);
  bindings_.clear();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const std::optional<Condition>& when = entries_[i].when;
    applies_[i] = !when || facts == nullptr || when->Holds(*facts);
    if (!applies_[i]) continue;
    for (const Check& check : checks) {
      if (!GlobMatches(entries_[i].check, check.id)) continue;
      ++match_counts_[i];
      if (when && facts == nullptr) continue;
      RETURN_IF_ERROR(BindTo(check.id, i));
    }
  }
  return absl::OkStatus();
}

absl::Status Expectations::BindTo(const std::string& check_id, std::size_t entry) {
  const Expectation& added = entries_[entry];
  std::vector<std::size_t>& bound = bindings_[check_id];
  for (std::size_t i : bound) {
    const Expectation& other = entries_[i];
    if (other.file == added.file && Exclude(added, other)) {
      return absl::InvalidArgumentError(absl::StrCat(
          added.place(), ": check: ", check_id, " is expected at ", other.place(), " already"));
    }
  }
  bound.erase(std::remove_if(bound.begin(), bound.end(),
                             [&](std::size_t i) { return Exclude(added, entries_[i]); }),
              bound.end());
  const bool always = added.result != Result::kFlaky;
  bound.insert(always ? bound.begin() : bound.end(), entry);
  return absl::OkStatus();
}

std::vector<const Expectation*> Expectations::All(absl::string_view check_id,
                                                  absl::string_view today) const {
  std::vector<const Expectation*> all;
  const auto bound = bindings_.find(std::string(check_id));
  if (bound == bindings_.end()) return all;
  for (std::size_t i : bound->second) {
    if (!Expired(entries_[i], today)) all.push_back(&entries_[i]);
  }
  return all;
}

const Expectation* Expectations::Find(absl::string_view check_id, absl::string_view today) const {
  const std::vector<const Expectation*> all = All(check_id, today);
  return all.empty() ? nullptr : all.front();
}

std::vector<const Expectation*> Expectations::Chances(absl::string_view check_id,
                                                      absl::string_view today) const {
  std::vector<const Expectation*> all = All(check_id, today);
  if (!all.empty()) all.erase(all.begin());
  return all;
}

std::vector<std::string> Expectations::Stale(absl::string_view today) const {
  std::vector<std::string> stale;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Expectation& entry = entries_[i];
    if (i < applies_.size() && !applies_[i]) continue;
    const std::size_t matches = i < match_counts_.size() ? match_counts_[i] : 0;
    if (matches == 0) {
      stale.push_back(absl::StrCat(entry.place(), ": no check matches \"", entry.check, "\""));
    } else if (matches > entry.max_matches) {
      stale.push_back(absl::StrCat(entry.place(), ": \"", entry.check, "\" matches ", matches,
                                   " checks, max_matches is ", entry.max_matches));
    }
    if (Expired(entry, today)) {
      stale.push_back(
          absl::StrCat(entry.place(), ": \"", entry.check, "\" has expired on ", entry.until));
    }
  }
  return stale;
}

std::vector<std::string> Expectations::Overridden() const {
  std::vector<bool> bound(entries_.size(), false);
  for (const auto& [id, entries] : bindings_) {
    for (std::size_t entry : entries) bound[entry] = true;
  }
  std::vector<std::string> overridden;
  for (std::size_t i = 0; i < match_counts_.size(); ++i) {
    const Expectation& entry = entries_[i];
    if (!bound[i] && !entry.when && match_counts_[i] > 0) {
      overridden.push_back(
          absl::StrCat(entry.place(), ": \"", entry.check, "\" is overridden by a later file"));
    }
  }
  return overridden;
}

std::string Today() { return absl::FormatTime("%Y-%m-%d", absl::Now(), absl::UTCTimeZone()); }

}  // namespace conformance
