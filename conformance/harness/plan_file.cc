// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/plan_file.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <map>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "conformance/harness/nearest.h"
#include "conformance/harness/selection.h"
#include "conformance/reports/result_file.h"

namespace conformance {
namespace {

constexpr std::size_t kSuggestions = 3;

bool Passed(const CheckResult& result) {
  return result.result == Result::kPass || result.result == Result::kSkip;
}

bool AsExpected(const CheckResult& result) {
  return Passed(result) || (result.result == Result::kXfail && !result.unexpected);
}

}  // namespace

absl::StatusOr<std::set<std::string>> ParsePlan(absl::string_view text, const std::string& name,
                                                const std::vector<Check>& checks) {
  std::map<std::string, int> lines;  // id -> where it was named
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const std::string id(absl::StripAsciiWhitespace(line.substr(0, line.find('#'))));
    if (id.empty()) continue;
    const auto mistake = [&](absl::string_view problem) {
      return absl::InvalidArgumentError(absl::StrCat(name, ":", number, ": ", problem));
    };
    const bool known = std::any_of(checks.begin(), checks.end(),
                                   [&id](const Check& check) { return check.id == id; });
    if (!known) {
      return mistake(absl::StrCat("no check is called '", id, "'",
                                  NearestHint(Nearest(id, checks, kSuggestions))));
    }
    const auto [entry, fresh] = lines.emplace(id, number);
    if (!fresh) {
      return mistake(absl::StrCat(id, " is named in line ", entry->second, " already"));
    }
  }
  if (lines.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": names no check; one id a line"));
  }
  std::set<std::string> ids;
  for (const auto& [id, line] : lines) ids.insert(id);
  return ids;
}

absl::StatusOr<std::set<std::string>> ReadPlanFile(const std::string& path,
                                                   const std::vector<Check>& checks) {
  const bool standard_input = path == "-";
  const absl::StatusOr<std::string> text =
      base::ReadKernelFile(standard_input ? "/dev/stdin" : path);
  if (!text.ok()) return absl::InvalidArgumentError(text.status().message());
  return ParsePlan(*text, standard_input ? "standard input" : path, checks);
}

absl::StatusOr<std::set<std::string>> ChangedSince(const std::string& path,
                                                   const std::vector<Check>& checks) {
  ASSIGN_OR_RETURN(const ResultFile past, ResultFile::Read(path));
  std::set<std::string> changed;
  for (const Check& check : checks) {
    const CheckResult* before = past.Find(check.id);
    const bool same = before != nullptr && AsExpected(*before) &&
                      before->planned.check->level == check.level &&
                      before->planned.check->requirements == check.requirements &&
                      before->planned.check->tags == check.tags;
    if (!same) changed.insert(check.id);
  }
  return changed;
}

absl::StatusOr<std::set<std::string>> FailedIn(const std::string& path) {
  ASSIGN_OR_RETURN(const ResultFile past, ResultFile::Read(path));
  std::set<std::string> failed;
  for (const CheckResult& result : past.finished().results) {
    if (!Passed(result)) failed.insert(result.planned.check->id);
  }
  return failed;
}

}  // namespace conformance
