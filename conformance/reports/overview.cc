// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/overview.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>

#include <algorithm>

#include "conformance/harness/names.h"

namespace conformance {

Standing StandingOf(const Summary& summary) {
  const Counts::LevelCounts must = summary.counts.at(Level::kMust);
  if (must.passed < must.judged) return Standing::kNotConformant;
  const bool complete = summary.counts.of(Result::kNotRun) == 0 &&
                        summary.counts.of(Result::kError) == 0 && !summary.interrupted;
  return complete && must.judged > 0 ? Standing::kConformant : Standing::kUndecided;
}

absl::string_view StandingName(Standing standing) {
  switch (standing) {
    case Standing::kConformant:
      return "CONFORMANT";
    case Standing::kNotConformant:
      return "NOT CONFORMANT";
    case Standing::kUndecided:
      return "UNDECIDED";
  }
  return "UNDECIDED";
}

std::vector<std::string> LevelScores(const Summary& summary) {
  std::vector<std::string> scores;
  for (const Level level : {Level::kMust, Level::kShould, Level::kMay}) {
    const Counts::LevelCounts counts = summary.counts.at(level);
    if (counts.judged == 0) continue;
    scores.push_back(absl::StrCat(
        absl::AsciiStrToUpper(LevelName(level)), " ", counts.passed, "/", counts.judged,
        counts.expected == 0 ? "" : absl::StrCat(" (", counts.expected, " expected)")));
  }
  return scores;
}

bool NeedsLook(const CheckResult& result) {
  return result.unexpected || result.result == Result::kError;
}

std::string WhyCode(const CheckResult& result) {
  const Attempt* attempt = result.evidence();
  return attempt == nullptr || attempt->whys.empty() ? "" : attempt->whys.front().code;
}

std::string WhyText(const CheckResult& result) {
  const Attempt* attempt = result.evidence();
  if (attempt == nullptr || attempt->whys.empty()) return result.unexpected_text;
  const Why& why = attempt->whys.front();
  return absl::StrCat(why.code, why.text.empty() ? "" : ": ", why.text);
}

std::chrono::microseconds TimeOf(const CheckResult& result) {
  std::chrono::microseconds sum{0};
  for (const Attempt& attempt : result.attempts) sum += attempt.took;
  return sum;
}

std::chrono::microseconds WorkOf(const CheckResult& result) {
  std::chrono::microseconds sum{0};
  for (const Attempt& attempt : result.attempts) sum += attempt.worked;
  return sum;
}

// Of several processes at once the processor time is longer than what passed.
std::chrono::microseconds WaitOf(const CheckResult& result) {
  return std::max(TimeOf(result) - WorkOf(result), std::chrono::microseconds(0));
}

std::string WorkAndWait(const std::vector<CheckResult>& results) {
  std::chrono::microseconds all{0};
  std::chrono::microseconds work{0};
  std::chrono::microseconds wait{0};
  for (const CheckResult& result : results) {
    all += TimeOf(result);
    work += WorkOf(result);
    wait += WaitOf(result);
  }
  if (all.count() == 0) return "";
  return absl::StrCat(SecondsText(all), " in checks: ", SecondsText(work), " working, ",
                      SecondsText(wait), " waiting");
}

std::vector<const CheckResult*> Slowest(const std::vector<CheckResult>& results,
                                        std::size_t count) {
  std::vector<const CheckResult*> slowest;
  for (const CheckResult& result : results) {
    if (TimeOf(result).count() > 0) slowest.push_back(&result);
  }
  std::stable_sort(slowest.begin(), slowest.end(), [](const CheckResult* a, const CheckResult* b) {
    return TimeOf(*a) > TimeOf(*b);
  });
  slowest.resize(std::min(count, slowest.size()));
  return slowest;
}

std::map<std::string, std::vector<std::string>> SkipsByReason(
    const std::vector<CheckResult>& results) {
  std::map<std::string, std::vector<std::string>> skips;
  for (const CheckResult& result : results) {
    if (result.result != Result::kSkip) continue;
    skips[absl::StrCat(SkipKindName(result.skip_kind()), ": ", result.skip_reason())].push_back(
        result.planned.check->id);
  }
  return skips;
}

std::string SecondsText(std::chrono::microseconds time) {
  return absl::StrFormat("%.1f s", static_cast<double>(time.count()) / 1e6);
}

}  // namespace conformance
