// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/list_command.h"

#include <absl/status/statusor.h>
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "conformance/harness/accounting.h"
#include "conformance/harness/catalogue_page.h"
#include "conformance/harness/host.h"
#include "conformance/harness/names.h"
#include "conformance/harness/nearest.h"
#include "conformance/harness/plan.h"
#include "conformance/harness/requirement.h"
#include "conformance/reports/json_records.h"
#include "conformance/reports/output.h"

namespace conformance {
namespace {

constexpr std::size_t kSuggestions = 5;

std::string Line(const PlannedCheck& planned) {
  const Check& check = *planned.check;
  std::string line = absl::StrFormat("%-6s  %s  %s", absl::AsciiStrToUpper(LevelName(check.level)),
                                     check.id, absl::StrJoin(check.requirements, " "));
  for (const std::string& tag : check.tags) absl::StrAppend(&line, "  tag:", tag);
  if (check.needs != 0) absl::StrAppend(&line, "  needs ", NeedNames(check.needs));
  if (HostNeedsOf(check) != 0) absl::StrAppend(&line, "  host ", HostNeedNames(HostNeedsOf(check)));
  if (planned.skip) {
    absl::StrAppend(&line, "  [skip ", SkipKindName(*planned.skip), ": ", planned.skip_reason, "]");
  } else if (planned.expectation != nullptr) {
    absl::StrAppend(&line, "  [expected ", ResultName(planned.expectation->result), " ",
                    planned.expectation->why);
    for (const Expectation* chance : planned.chances) {
      absl::StrAppend(&line, ", or ", ResultName(chance->result), " ", chance->why);
    }
    line += "]";
  }
  return line + "\n";
}

nlohmann::ordered_json Record(const PlannedCheck& planned) {
  const Check& check = *planned.check;
  nlohmann::ordered_json record = {{"id", check.id},
                                   {"area", AreaOf(check.id)},
                                   {"level", std::string(LevelName(check.level))},
                                   {"reqs", check.requirements},
                                   {"tags", check.tags},
                                   {"needs", NeedNames(check.needs)},
                                   {"host", HostNeedNames(HostNeedsOf(check))},
                                   {"run", !planned.skip.has_value()}};
  if (planned.skip) {
    record["skip"] = {{"kind", std::string(SkipKindName(*planned.skip))},
                      {"reason", planned.skip_reason}};
  }
  return record;
}

// What a plan leaves out unless it is asked for; empty when it leaves out nothing.
std::string SoakHint(const std::vector<Check>& checks, const std::vector<Selector>& selectors) {
  const auto left_out = std::count_if(checks.begin(), checks.end(), [&](const Check& check) {
    const bool soak = std::find(check.tags.begin(), check.tags.end(), kSoakTag) != check.tags.end();
    return soak && !Choose(check, selectors).chosen;
  });
  if (left_out == 0) return "";
  return absl::StrCat("; ", left_out, " more take a minute or more: tag:", kSoakTag);
}

absl::StatusOr<std::string> Explain(const std::string& id, const std::vector<Check>& checks,
                                    const LoadedSelection& selection, const PlanRules& rules) {
  const auto check =
      std::find_if(checks.begin(), checks.end(), [&id](const Check& one) { return one.id == id; });
  if (check == checks.end()) {
    return absl::NotFoundError(absl::StrCat("no check is called '", id, "'",
                                            NearestHint(Nearest(id, checks, kSuggestions))));
  }
  const Choice choice = Choose(*check, selection.selectors);
  const PlannedCheck planned = PlanCheck(*check, rules);
  std::string text = absl::StrCat(id, "\n  selected  ", choice.chosen ? "yes" : "no", ": ",
                                  choice.reason, "\n  run       ");
  if (!choice.chosen) {
    absl::StrAppend(&text, "no: not selected\n");
  } else if (planned.skip) {
    absl::StrAppend(&text, "no: ", SkipKindName(*planned.skip), ", ", planned.skip_reason, "\n");
  } else {
    absl::StrAppend(&text, "yes: ", LevelName(check->level), " is judged; ",
                    check->needs == 0 ? "it needs no claim"
                                      : absl::StrCat("the profile ", rules.profile.name, " claims ",
                                                     NeedNames(check->needs)),
                    "\n");
  }
  for (const std::string& requirement : check->requirements) {
    const Requirement* row = LookupRequirement(requirement);
    absl::StrAppend(&text, "  judges    ", requirement, " ",
                    row != nullptr ? absl::StrCat(absl::AsciiStrToUpper(LevelName(row->level)),
                                                  ": ", row->wording)
                                   : "",
                    "\n");
  }
  return text;
}

}  // namespace

int ListCommand(const ListOptions& options, const std::vector<Check>& checks) {
  const absl::StatusOr<LoadedSelection> selection = LoadSelection(options.selection, checks);
  if (!selection.ok()) return Complain(selection.status());
  absl::StatusOr<std::unique_ptr<Output>> output = Output::Open("-");
  if (!output.ok()) return Complain(output.status());
  if (options.markdown) {
    (*output)->Write(CataloguePage(checks));
    return kExitAsExpected;
  }
  const PlanRules rules = {.profile = selection->profile,
                           .level = selection->level,
                           .host = selection->host,
                           .expectations = &selection->expectations,
                           .today = Today()};
  if (!options.why.empty()) {
    const absl::StatusOr<std::string> text = Explain(options.why, checks, *selection, rules);
    if (!text.ok()) return Complain(text.status());
    (*output)->Write(*text);
    return ExitUnlessLost(**output, kExitAsExpected);
  }
  const std::vector<PlannedCheck> plan = MakePlan(checks, selection->selectors, rules);
  if (options.json) {
    auto records = nlohmann::ordered_json::array();
    for (const PlannedCheck& planned : plan) records.push_back(Record(planned));
    (*output)->Write(JsonText(records, 1) + "\n");
  } else {
    std::string text;
    for (const PlannedCheck& planned : plan) text += Line(planned);
    const auto run =
        std::count_if(plan.begin(), plan.end(), [](const PlannedCheck& one) { return !one.skip; });
    (*output)->Write(absl::StrCat(text, plan.size(), plan.size() == 1 ? " check, " : " checks, ",
                                  run, " to run", SoakHint(checks, selection->selectors), "\n"));
  }
  return ExitUnlessLost(**output, plan.empty() ? kExitNothing : kExitAsExpected);
}

}  // namespace conformance
