// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/first_screen.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <vector>

#include "conformance/harness/requirement.h"

namespace conformance {
namespace {

// The headline of a red check begins with this, and no other line does.
constexpr char kBullet[] = "\u2717 ";

std::vector<absl::string_view> FirstScreenOf(absl::string_view report, const std::string& check) {
  std::vector<absl::string_view> screen;
  for (const absl::string_view line : absl::StrSplit(report, '\n')) {
    const bool headline = absl::StartsWith(line, kBullet);
    const bool mine = headline && absl::StrContains(line, absl::StrCat("  ", check, "   "));
    if (!screen.empty() && headline) break;
    if (mine || !screen.empty()) screen.push_back(line);
    if (screen.size() == kFirstScreenLines) break;
  }
  return screen;
}

// "  rule      EVT-20: The exit ..."
bool NamesRequirement(absl::string_view line) {
  if (!absl::ConsumePrefix(&line, "  rule ")) return false;
  const absl::string_view id = absl::StripLeadingAsciiWhitespace(line.substr(0, line.find(':')));
  return LookupRequirement(id) != nullptr;
}

bool HasField(const std::vector<absl::string_view>& screen, absl::string_view field) {
  return std::any_of(screen.begin(), screen.end(), [&](absl::string_view line) {
    return absl::StartsWith(line, absl::StrCat("  ", field, " "));
  });
}

// "  why       event.missing: an event /tasks/oom", not the code alone.
bool SaysWhy(absl::string_view line) {
  return absl::ConsumePrefix(&line, "  why ") && absl::StrContains(line, ": ");
}

}  // namespace

std::string FirstScreenProblem(absl::string_view report, const std::string& check) {
  const std::vector<absl::string_view> screen = FirstScreenOf(report, check);
  if (screen.empty()) return "the report has no evidence of it";
  const bool named = std::any_of(screen.begin(), screen.end(), &NamesRequirement);
  if (!named) return "no requirement is named";
  if (!HasField(screen, "expected") && !HasField(screen, "observed")) {
    // No value was compared: the contradiction is in words.
    const bool told = std::any_of(screen.begin(), screen.end(), &SaysWhy);
    return told ? "" : "the contradiction is not told";
  }
  if (!HasField(screen, "expected")) return "what was expected is not told";
  if (!HasField(screen, "observed")) return "what was observed is not told";
  return "";
}

}  // namespace conformance
