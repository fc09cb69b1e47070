// SPDX-License-Identifier: Apache-2.0
#include "conformance/bench/bisection.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <algorithm>

#include "base/status_macros.h"

namespace conformance {
namespace {

constexpr std::size_t kShaMin = 40;

bool IsCommit(absl::string_view word) {
  return word.size() >= kShaMin && std::all_of(word.begin(), word.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// What git tells when it has come to an end: one commit "is the first bad commit", or, on lines of
// their own, those that may be it. Empty while it has not.
std::vector<std::string> Suspects(const std::string& told) {
  std::vector<std::string> suspects;
  bool any_of = false;
  for (const absl::string_view line : absl::StrSplit(told, '\n')) {
    const absl::string_view word = line.substr(0, line.find(' '));
    if (IsCommit(word) && absl::StrContains(line, " is the first bad commit")) {
      return {std::string(word)};
    }
    if (absl::StrContains(line, "first bad commit could be any of")) {
      any_of = true;
    } else if (any_of && IsCommit(line)) {
      suspects.emplace_back(line);
    }
  }
  return suspects;
}

}  // namespace

absl::StatusOr<BisectionEnd> Bisect(
    const GitWorktree& worktree, const std::string& good, const std::string& bad,
    const std::function<absl::StatusOr<Trial>(const std::string& commit)>& judge) {
  BisectionEnd end;
  ASSIGN_OR_RETURN(std::string told, worktree.Bisect({"start", bad, good}));
  while (true) {
    end.suspects = Suspects(told);
    if (!end.suspects.empty()) return end;
    if (!absl::StrContains(told, "Bisecting: ")) {
      return absl::InternalError(absl::StrCat("git bisect: ", told));
    }
    ASSIGN_OR_RETURN(const std::string commit, worktree.Head());
    ASSIGN_OR_RETURN(const Trial trial, judge(commit));
    ++end.trials;
    RETURN_IF_ERROR(worktree.Reset());
    const char* const word = trial == Trial::kGood ? "good" : trial == Trial::kBad ? "bad" : "skip";
    ASSIGN_OR_RETURN(told, worktree.Bisect({word}));
  }
}

}  // namespace conformance
