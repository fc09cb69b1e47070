// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/catalogue_page.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <array>

#include "conformance/harness/coverage.h"
#include "conformance/harness/names.h"
#include "conformance/harness/profile.h"
#include "conformance/harness/requirement.h"

namespace conformance {
namespace {

constexpr std::array<Level, 3> kLevels = {Level::kMust, Level::kShould, Level::kMay};

std::string Cell(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}, {"<", "&lt;"}});
}

std::string Code(absl::string_view text) { return absl::StrCat("`", text, "`"); }

std::string Section(absl::string_view id) { return std::string(id.substr(0, id.find('-'))); }

std::string Counts(const std::vector<Check>& checks, const Coverage& coverage) {
  std::string text =
      "| level | requirements | with a check | with a reason instead | checks |\n"
      "|---|---|---|---|---|\n";
  std::array<std::size_t, 4> total = {};
  for (const Level level : kLevels) {
    std::array<std::size_t, 4> row = {};
    for (const Requirement& requirement : Requirements()) {
      if (requirement.level != level) continue;
      ++row[0];
      row[1] += coverage.Of(requirement.id).empty() ? 0u : 1u;
      row[2] += requirement.unchecked.empty() ? 0u : 1u;
    }
    row[3] = static_cast<std::size_t>(
        std::count_if(checks.begin(), checks.end(),
                      [level](const Check& check) { return check.level == level; }));
    absl::StrAppend(&text, "| ", LevelName(level), " | ", absl::StrJoin(row, " | "), " |\n");
    for (std::size_t i = 0; i < row.size(); ++i) total[i] += row[i];
  }
  absl::StrAppend(&text, "| all | ", absl::StrJoin(total, " | "), " |\n");
  return text;
}

std::string RequirementRow(const Requirement& row, const Coverage& coverage) {
  const std::vector<const Check*>& judges = coverage.Of(row.id);
  const std::string by =
      judges.empty() ? absl::StrCat("none: ", Cell(row.unchecked))
                     : absl::StrJoin(judges, ", ", [](std::string* out, const Check* check) {
                         absl::StrAppend(out, Code(check->id));
                       });
  return absl::StrCat("| ", row.id, " | ", LevelName(row.level), " | ", ValidityText(row.validity),
                      " | ", Cell(row.wording), " | ", by, " |\n");
}

std::string RequirementTables(const Coverage& coverage) {
  std::string text;
  std::string section;
  for (const Requirement& row : Requirements()) {
    if (Section(row.id) != section) {
      section = Section(row.id);
      absl::StrAppend(
          &text, "\n### ", section,
          "\n\n| id | level | containerd | rule | judged by |\n|---|---|---|---|---|\n");
    }
    text += RequirementRow(row, coverage);
  }
  return text;
}

std::string CheckTables(const std::vector<Check>& checks) {
  std::string text;
  std::string area;
  for (const Check& check : checks) {
    if (AreaOf(check.id) != area) {
      area = AreaOf(check.id);
      absl::StrAppend(&text, "\n### ", area,
                      "\n\n| check | level | requirements | needs |\n|---|---|---|---|\n");
    }
    absl::StrAppend(&text, "| ", Code(check.id), " | ", LevelName(check.level), " | ",
                    absl::StrJoin(check.requirements, ", "), " | ", NeedNames(check.needs), " |\n");
  }
  return text;
}

}  // namespace

std::string CataloguePage(const std::vector<Check>& checks) {
  const Coverage coverage(checks);
  return absl::StrCat(
      "# Requirements and checks\n\n"
      "Generated; do not edit. After a change to rows or checks:\n"
      "`build/dev/bin/shimgauge list --markdown > docs/checks.md`.\n"
      "`shimgauge explain ID` tells the same for one requirement or check, with sources and "
      "hints.\n\n## Counts\n\n",
      Counts(checks, coverage), "\n## Requirements\n", RequirementTables(coverage), "\n## Checks\n",
      CheckTables(checks));
}

}  // namespace conformance
