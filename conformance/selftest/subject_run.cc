// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/subject_run.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <set>

#include "base/status_macros.h"
#include "conformance/harness/names.h"
#include "conformance/harness/nearest.h"

namespace conformance {
namespace {

constexpr std::size_t kNearest = 3;

}  // namespace

absl::StatusOr<JobEnd> RunJudge(const Job& job, std::vector<std::string>* orphans) {
  JobEnd result;
  RETURN_IF_ERROR(
      RunJobs({.count = 1,
               .prepare = [&](std::size_t) -> absl::StatusOr<std::optional<Job>> { return job; },
               .done =
                   [&](std::size_t, const JobEnd& end) {
                     result = end;
                     return absl::OkStatus();
                   }},
              1, orphans));
  return result;
}

absl::StatusOr<std::vector<bool>> SelectNames(const std::vector<std::string>& names,
                                              const std::vector<std::string>& words) {
  const bool chooses = std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word.empty() || word[0] != '!';
  });
  std::vector<bool> selected(names.size(), !chooses);
  for (const bool excluding : {false, true}) {
    for (const std::string& word : words) {
      absl::string_view pattern = word;
      if (absl::ConsumePrefix(&pattern, "!") != excluding) continue;
      bool any = false;
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (!GlobMatches(pattern, names[i])) continue;
        selected[i] = !excluding;
        any = true;
      }
      if (any) continue;
      const std::vector<std::string> nearest =
          NearestWords(pattern, {names.begin(), names.end()}, kNearest);
      return absl::NotFoundError(
          absl::StrCat("'", word, "' matches nothing here", NearestHint(nearest)));
    }
  }
  if (std::find(selected.begin(), selected.end(), true) == selected.end()) {
    return absl::NotFoundError("nothing is selected");
  }
  return selected;
}

}  // namespace conformance
