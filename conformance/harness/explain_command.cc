// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/explain_command.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <set>

#include "base/status_macros.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/commands.h"
#include "conformance/harness/coverage.h"
#include "conformance/harness/expectations.h"
#include "conformance/harness/names.h"
#include "conformance/harness/nearest.h"
#include "conformance/harness/profile.h"
#include "conformance/harness/ready_made.h"
#include "conformance/harness/requirement.h"
#include "conformance/harness/usual_mistakes.h"
#include "conformance/reports/output.h"

namespace conformance {
namespace {

constexpr std::size_t kSuggestions = 5;

// "  label     text", the label only where it is given.
void AddLine(std::string* out, absl::string_view label, absl::string_view text) {
  absl::StrAppendFormat(out, "  %-10s%s\n", label, text);
}

void AddHint(std::string* out, absl::string_view requirement) {
  const absl::string_view hint = UsualMistake(requirement);
  if (!hint.empty()) AddLine(out, "hint", hint);
}

// One line per known shim that fails one of `judges`.
absl::Status AddKnown(std::string* out, const std::vector<const Check*>& judges,
                      const std::vector<Check>& checks) {
  absl::string_view label = "known";
  for (const std::string& shim : ReadyMadeNamesOf(ReadyMade::kExpectations)) {
    Expectations expectations;
    RETURN_IF_ERROR(expectations.AddFile(shim));
    RETURN_IF_ERROR(expectations.Bind(checks));
    for (const Check* check : judges) {
      const Expectation* known = expectations.Find(check->id, "");
      if (known == nullptr) continue;
      std::vector<const Expectation*> entries = expectations.Chances(check->id, "");
      entries.insert(entries.begin(), known);
      for (const Expectation* entry : entries) {
        AddLine(out, label,
                absl::StrCat(shim, ": ", check->id, " ", ResultName(entry->result),
                             entry->why.empty() ? "" : " ", entry->why, ": ", entry->reference));
        label = "";
      }
    }
  }
  return absl::OkStatus();
}

std::string LinesText(const Validity& validity) {
  const std::string lines =
      absl::StrJoin(kDaemonLines, ", ", [&validity](std::string* out, DaemonLine line) {
        absl::StrAppend(out, HoldsFor(validity, line) ? "" : "not ", DaemonLineName(line));
      });
  return absl::StrCat(ValidityText(validity), " (containerd ", lines, ")");
}

absl::StatusOr<std::string> ExplainRequirement(const Requirement& row,
                                               const std::vector<Check>& checks) {
  std::string text = absl::StrCat(row.id, "  ", absl::AsciiStrToUpper(LevelName(row.level)), "  ",
                                  row.wording, "\n");
  AddLine(&text, "source", row.source);
  AddLine(&text, "holds for", LinesText(row.validity));
  const Coverage coverage(checks);
  const std::vector<const Check*>& judges = coverage.Of(row.id);
  absl::string_view label = "checks";
  for (const Check* check : judges) {
    AddLine(&text, label,
            absl::StrCat(check->id, "  ", absl::AsciiStrToUpper(LevelName(check->level))));
    label = "";
  }
  if (judges.empty()) AddLine(&text, "unchecked", row.unchecked);
  AddHint(&text, row.id);
  RETURN_IF_ERROR(AddKnown(&text, judges, checks));
  return text;
}

absl::StatusOr<std::string> ExplainCheck(const Check& check, const std::vector<Check>& checks) {
  std::string text =
      absl::StrCat(check.id, "  ", absl::AsciiStrToUpper(LevelName(check.level)), "\n");
  absl::string_view label = "judges";
  for (const std::string& requirement : check.requirements) {
    const Requirement* row = LookupRequirement(requirement);
    if (row == nullptr) continue;
    AddLine(&text, label,
            absl::StrCat(row->id, "  ", absl::AsciiStrToUpper(LevelName(row->level)), "  ",
                         row->wording));
    AddLine(&text, "",
            absl::StrCat("from ", row->source, "; holds for ", ValidityText(row->validity)));
    label = "";
  }
  if (check.needs != 0) AddLine(&text, "needs", NeedNames(check.needs));
  if (!check.tags.empty()) AddLine(&text, "tags", absl::StrJoin(check.tags, ", "));
  for (const std::string& requirement : check.requirements) AddHint(&text, requirement);
  RETURN_IF_ERROR(AddKnown(&text, {&check}, checks));
  AddLine(&text, "run it", absl::StrCat("shimgauge run --shim SHIM ", check.id));
  return text;
}

std::set<std::string> Names(const std::vector<Check>& checks) {
  std::set<std::string> names;
  for (const Check& check : checks) names.insert(check.id);
  for (const Requirement& row : Requirements()) names.insert(std::string(row.id));
  return names;
}

}  // namespace

absl::StatusOr<std::string> Explain(absl::string_view word, const std::vector<Check>& checks) {
  const std::string upper = absl::AsciiStrToUpper(word);
  if (const Requirement* row = LookupRequirement(upper)) return ExplainRequirement(*row, checks);
  const auto check = std::find_if(checks.begin(), checks.end(),
                                  [word](const Check& one) { return one.id == word; });
  if (check != checks.end()) return ExplainCheck(*check, checks);
  // A word without a slash is more likely a requirement; those are spelled in capitals.
  const bool whole_id = word.find('/') != absl::string_view::npos;
  const std::vector<std::string> nearest =
      NearestWords(whole_id ? std::string(word) : upper, Names(checks), kSuggestions);
  return absl::NotFoundError(
      absl::StrCat("'", word, "' is neither a requirement nor a check", NearestHint(nearest)));
}

int ExplainCommand(const std::string& word, const std::vector<Check>& checks) {
  const absl::StatusOr<std::string> text = Explain(word, checks);
  if (!text.ok()) {
    std::cerr << "shimgauge: " << std::string(text.status().message()) << std::endl;
    return absl::IsNotFound(text.status()) ? kExitUsage : kExitHarness;
  }
  const absl::StatusOr<std::unique_ptr<Output>> output = Output::Open("-");
  if (!output.ok()) {
    std::cerr << "shimgauge: " << std::string(output.status().message()) << std::endl;
    return kExitHarness;
  }
  (*output)->Write(*text);
  return (*output)->status().ok() ? kExitAsExpected : kExitHarness;
}

CommandAction DefineExplain(CLI::App& app, const CommandContext& context) {
  const auto word = std::make_shared<std::string>();  // shared by parser and action
  app.add_option("word", *word, "a requirement (EVT-20) or a check (events/...)")
      ->required()
      ->type_name("REQ|CHECK");
  return [word, context] { return ExplainCommand(*word, context.checks); };
}

}  // namespace conformance
