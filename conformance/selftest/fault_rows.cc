// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/fault_rows.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/status_macros.h"
#include "conformance/harness/names.h"
#include "conformance/harness/nearest.h"

namespace conformance {
namespace {

using fakes::ExpectedKill;
using fakes::KnownFaultSeam;

constexpr KnownFaultSeam kSeams[] = {KnownFaultSeam::kWire, KnownFaultSeam::kShim,
                                     KnownFaultSeam::kEngine};
constexpr std::size_t kNearest = 3;

std::string Text(absl::string_view text) { return std::string(text); }

const Check* FindCheck(const std::vector<Check>& checks, absl::string_view id) {
  for (const Check& check : checks) {
    if (check.id == id) return &check;
  }
  return nullptr;
}

// One word of the command line.
class FaultWord {
 public:
  static absl::StatusOr<FaultWord> Parse(const std::string& word) {
    FaultWord parsed;
    parsed.word_ = word;
    absl::string_view rest = word;
    parsed.excludes_ = absl::ConsumePrefix(&rest, "!");
    const std::size_t colon = rest.find(':');
    if (colon != absl::string_view::npos) parsed.prefix_ = Text(rest.substr(0, colon));
    parsed.pattern_ = Text(colon == absl::string_view::npos ? rest : rest.substr(colon + 1));
    const std::set<std::string> prefixes = {"", "seam", "check", "tag"};
    if (prefixes.count(parsed.prefix_) == 0 || parsed.pattern_.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", word,
                       "' chooses no fault: expected a name or glob, seam:wire, "
                       "seam:shim, seam:engine, check:GLOB or tag:NAME"));
    }
    return parsed;
  }

  [[nodiscard]] bool excludes() const { return excludes_; }
  [[nodiscard]] const std::string& word() const { return word_; }
  [[nodiscard]] const std::string& pattern() const { return pattern_; }

  [[nodiscard]] bool Matches(const FaultRow& row, const std::vector<Check>& checks) const {
    if (prefix_.empty()) return GlobMatches(pattern_, row.fault->name);
    if (prefix_ == "seam") return fakes::KnownFaultSeamName(row.seam) == pattern_;
    return std::any_of(row.fault->kills.begin(), row.fault->kills.end(),
                       [&](const ExpectedKill& kill) {
                         if (prefix_ == "check") return GlobMatches(pattern_, kill.check);
                         const Check* check = FindCheck(checks, kill.check);
                         return check != nullptr &&
                                std::count(check->tags.begin(), check->tags.end(), pattern_) > 0;
                       });
  }

 private:
  std::string word_;
  std::string prefix_;
  std::string pattern_;
  bool excludes_ = false;
};

absl::Status MatchesNothing(const FaultWord& word, const std::vector<FaultRow>& rows) {
  std::set<std::string> names;
  for (const FaultRow& row : rows) names.insert(Text(row.fault->name));
  const std::vector<std::string> nearest = NearestWords(word.pattern(), names, kNearest);
  return absl::NotFoundError(
      absl::StrCat("'", word.word(), "' matches no fault", NearestHint(nearest)));
}

bool IsName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return absl::ascii_islower(byte) || absl::ascii_isdigit(byte) || c == '-';
  });
}

void AddKillViolations(const std::string& name, const fakes::KnownFault& fault,
                       const std::vector<Check>& checks, std::vector<std::string>& violations) {
  std::set<std::string> seen;
  for (const ExpectedKill& kill : fault.kills) {
    if (FindCheck(checks, kill.check) == nullptr) {
      violations.push_back(absl::StrCat(name, " kills ", kill.check, ", which is no check"));
    }
    if (!seen.insert(Text(kill.check)).second) {
      violations.push_back(absl::StrCat(name, " kills ", kill.check, " twice"));
    }
    if (!IsWhyCode(kill.why)) {
      violations.push_back(
          absl::StrCat(name, " kills ", kill.check, " by '", kill.why, "', which is no why code"));
    }
  }
}

}  // namespace

std::vector<FaultRow> AllFaultRows() {
  std::vector<FaultRow> rows;
  for (const KnownFaultSeam seam : kSeams) {
    for (const fakes::KnownFault& fault : fakes::KnownFaultsAt(seam)) {
      rows.push_back({.seam = seam, .fault = &fault});
    }
  }
  return rows;
}

absl::StatusOr<std::vector<FaultRow>> SelectFaults(const std::vector<FaultRow>& rows,
                                                   const std::vector<std::string>& words,
                                                   const std::vector<Check>& checks) {
  std::vector<FaultWord> parsed;
  bool chooses = false;
  for (const std::string& word : words) {
    ASSIGN_OR_RETURN(parsed.emplace_back(), FaultWord::Parse(word));
    chooses |= !parsed.back().excludes();
    const bool any = std::any_of(rows.begin(), rows.end(), [&](const FaultRow& row) {
      return parsed.back().Matches(row, checks);
    });
    if (!any) return MatchesNothing(parsed.back(), rows);
  }
  std::vector<FaultRow> selected;
  for (const FaultRow& row : rows) {
    bool chosen = !chooses;
    for (const FaultWord& word : parsed) {
      if (!word.excludes() && word.Matches(row, checks)) chosen = true;
    }
    for (const FaultWord& word : parsed) {
      if (word.excludes() && word.Matches(row, checks)) chosen = false;
    }
    if (chosen) selected.push_back(row);
  }
  if (selected.empty()) return absl::NotFoundError("no fault is selected");
  return selected;
}

std::vector<FaultRow> LimitChecks(const std::vector<FaultRow>& rows,
                                  const std::vector<std::string>& ids,
                                  std::deque<fakes::KnownFault>& limited) {
  const auto is_out = [&ids](const fakes::ExpectedKill& kill) {
    return std::find(ids.begin(), ids.end(), kill.check) == ids.end();
  };
  std::vector<FaultRow> left;
  for (const FaultRow& row : rows) {
    fakes::KnownFault fault = *row.fault;
    fault.kills.erase(std::remove_if(fault.kills.begin(), fault.kills.end(), is_out),
                      fault.kills.end());
    if (fault.kills.empty()) continue;
    left.push_back({.seam = row.seam, .fault = &limited.emplace_back(std::move(fault))});
  }
  return left;
}

std::vector<std::string> FaultRowViolations(const std::vector<FaultRow>& rows,
                                            const std::vector<Check>& checks) {
  std::vector<std::string> violations;
  std::set<std::string> names;
  for (const FaultRow& row : rows) {
    const fakes::KnownFault& fault = *row.fault;
    const std::string name =
        absl::StrCat(fakes::KnownFaultSeamName(row.seam), " fault ", fault.name);
    if (!IsName(fault.name)) violations.push_back(name + ": expected a name of [a-z0-9-]");
    if (!names.insert(Text(fault.name)).second) violations.push_back(name + " is there twice");
    if (fault.rules.empty()) violations.push_back(name + " has no rules");
    if (fault.what.empty()) violations.push_back(name + " does not say what it is");
    if (fault.kills.empty() && fault.equivalent.empty()) {
      violations.push_back(name + " kills no check and does not say why none can");
    }
    if (!fault.kills.empty() && !fault.equivalent.empty()) {
      violations.push_back(name + " kills checks although it says that none can");
    }
    AddKillViolations(name, fault, checks, violations);
  }
  return violations;
}

bool IsDouble(const Check& check) {
  return check.other_task_version || absl::EndsWith(check.id, "-in-the-legacy-dialect");
}

}  // namespace conformance
