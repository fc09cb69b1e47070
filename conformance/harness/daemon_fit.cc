// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/daemon_fit.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <set>

#include "conformance/harness/requirement.h"
#include "conformance/reports/evidence.h"

namespace conformance {
namespace {

constexpr std::size_t kNamedMax = 8;

bool IsRed(const CheckResult& result) {
  switch (result.result) {
    case Result::kFail:
    case Result::kCrash:
    case Result::kHang:
    case Result::kLeak:
    case Result::kXfail:
    case Result::kFlaky:
      return true;
    default:
      return false;
  }
}

// What a red check speaks against: what its failures name, else what it is there for.
std::set<std::string> BrokenBy(const CheckResult& result) {
  std::set<std::string> ids;
  const Check& check = *result.planned.check;
  const Attempt* attempt = result.evidence();
  if (attempt != nullptr) {
    for (const Why& why : attempt->whys) {
      if (!why.requirement.empty()) ids.insert(why.requirement);
    }
  }
  if (ids.empty() && !check.requirements.empty()) ids.insert(check.requirements.front());
  return ids;
}

std::vector<std::string> BrokenFor(const std::vector<CheckResult>& results, DaemonLine line) {
  std::set<std::string> broken;
  for (const CheckResult& result : results) {
    if (!IsRed(result)) continue;
    for (const std::string& id : BrokenBy(result)) {
      const Requirement* row = LookupRequirement(id);
      const bool counts =
          row != nullptr && row->level == Level::kMust && HoldsFor(row->validity, line);
      if (counts) broken.insert(id);
    }
  }
  return {broken.begin(), broken.end()};
}

void Answer(const CheckResult& result, DaemonFit& fit) {
  if (result.result == Result::kPass) {
    fit.answer = DaemonFit::Answer::kRuns;
  } else if (result.planned.skip || result.result == Result::kNotRun ||
             result.result == Result::kError) {
    fit.reason = result.planned.skip ? result.planned.skip_reason : "its check has no verdict";
  } else {
    fit.answer = DaemonFit::Answer::kDoesNot;
    fit.reason = result.result == Result::kSkip ? result.skip_reason() : "its check fails";
  }
}

std::string Line(const DaemonFit& fit) {
  const std::string name = absl::StrFormat("  %-8s ", DaemonLineName(fit.line));
  switch (fit.answer) {
    case DaemonFit::Answer::kNotAsked:
      return absl::StrCat(name, "not asked: ", Printable(fit.reason), "\n");
    case DaemonFit::Answer::kDoesNot:
      return absl::StrCat(name, "no: ", Printable(fit.reason), "\n");
    case DaemonFit::Answer::kRuns:
      break;
  }
  if (fit.broken.empty()) return name + "yes\n";
  const auto named =
      fit.broken.begin() + static_cast<std::ptrdiff_t>(std::min(fit.broken.size(), kNamedMax));
  return absl::StrCat(name, "yes, with ", fit.broken.size(),
                      " MUST broken: ", absl::StrJoin(fit.broken.begin(), named, " "),
                      fit.broken.size() > kNamedMax ? " ..." : "", "\n");
}

}  // namespace

std::string AnswerName(DaemonFit::Answer answer) {
  switch (answer) {
    case DaemonFit::Answer::kRuns:
      return "runs";
    case DaemonFit::Answer::kDoesNot:
      return "does-not";
    case DaemonFit::Answer::kNotAsked:
      return "not-asked";
  }
  return "not-asked";
}

std::vector<DaemonFit> DaemonFits(const std::vector<CheckResult>& results) {
  std::vector<DaemonFit> fits;
  bool planned = false;
  for (const DaemonLine line : kDaemonLines) {
    DaemonFit fit{.line = line, .reason = "its check was not selected"};
    const std::string id = DaemonCheckId(line);
    for (const CheckResult& result : results) {
      if (result.planned.check->id != id) continue;
      planned = true;
      fit.reason.clear();
      Answer(result, fit);
    }
    fit.broken = BrokenFor(results, line);
    fits.push_back(std::move(fit));
  }
  if (!planned) fits.clear();
  return fits;
}

std::string DaemonFitText(const std::vector<DaemonFit>& fits) {
  if (fits.empty()) return "";
  std::string text = "would run under containerd\n";
  for (const DaemonFit& fit : fits) text += Line(fit);
  return text;
}

}  // namespace conformance
