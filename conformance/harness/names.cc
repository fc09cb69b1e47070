// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/names.h"

#include <algorithm>

#include "conformance/harness/check_run.h"

namespace conformance {

absl::string_view LevelName(Level level) {
  switch (level) {
    case Level::kMust:
      return "must";
    case Level::kShould:
      return "should";
    case Level::kMay:
      return "may";
  }
  return "must";
}

std::optional<Level> ParseLevel(absl::string_view name) {
  for (const Level level : {Level::kMust, Level::kShould, Level::kMay}) {
    if (LevelName(level) == name) return level;
  }
  return std::nullopt;
}

std::optional<Verdict> ParseVerdict(absl::string_view name) {
  for (const Verdict verdict :
       {Verdict::kPass, Verdict::kFail, Verdict::kCrash, Verdict::kHang, Verdict::kLeak,
        Verdict::kError, Verdict::kSkip, Verdict::kNotRun}) {
    if (VerdictName(verdict) == name) return verdict;
  }
  return std::nullopt;
}

bool IsWhyCode(absl::string_view code) {
  return std::find(WhyCodes().begin(), WhyCodes().end(), code) != WhyCodes().end();
}

absl::string_view LaneName(HistoryEntry::Lane lane) {
  switch (lane) {
    case HistoryEntry::Lane::kRpc:
      return "rpc";
    case HistoryEntry::Lane::kEvent:
      return "event";
    case HistoryEntry::Lane::kProcess:
      return "process";
    case HistoryEntry::Lane::kWorld:
      return "world";
    case HistoryEntry::Lane::kLog:
      return "log";
  }
  return "world";
}

std::string AreaOf(absl::string_view check_id) {
  return std::string(check_id.substr(0, check_id.find('/')));
}

bool GlobMatches(absl::string_view glob, absl::string_view text) {
  // Greedy with one point of return, the latest star: linear in practice, quadratic at worst.
  std::size_t g = 0;
  std::size_t t = 0;
  std::size_t star = absl::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_text = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != absl::string_view::npos) {
      g = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace conformance
