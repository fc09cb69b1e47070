// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/junit.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/time/time.h>

#include <map>
#include <utility>
#include <vector>

#include "conformance/harness/names.h"
#include "conformance/harness/requirement.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/finished_run.h"
#include "conformance/reports/markup.h"
#include "conformance/reports/overview.h"

namespace conformance {
namespace {

constexpr std::size_t kTextBytesMax = 8 * 1024;

double SecondsOf(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1e6; }

bool IsFailure(const CheckResult& result) {
  switch (result.result) {
    case Result::kFail:
    case Result::kCrash:
    case Result::kHang:
    case Result::kLeak:
    case Result::kXpass:
    case Result::kFlaky:
      return true;
    default:
      return false;
  }
}

// Some attempts passed, and an expectation allows for the others.
bool IsListedFlaky(const CheckResult& result) {
  return result.result == Result::kXfail &&
         result.planned.expectation->result == Expectation::Result::kFlaky;
}

bool IsSkipped(const CheckResult& result) {
  return result.result == Result::kSkip || result.result == Result::kNotRun ||
         (result.result == Result::kXfail && !IsListedFlaky(result));
}

std::string SkipText(const CheckResult& result) {
  switch (result.result) {
    case Result::kSkip:
      return absl::StrCat(SkipKindName(result.skip_kind()), ": ", result.skip_reason());
    case Result::kXfail:
      return absl::StrCat("expected ", WhyCode(result), ": ",
                          result.planned.expectation->reference);
    default:
      return "not run: the run ended before";
  }
}

class JunitText {
 public:
  explicit JunitText(const FinishedRun& finished) : run_(finished.run) {
    std::vector<std::string> order;
    std::map<std::string, std::vector<const CheckResult*>> areas;
    for (const CheckResult& result : finished.results) {
      const std::string area = AreaOf(result.planned.check->id);
      if (areas.count(area) == 0) order.push_back(area);
      areas[area].push_back(&result);
    }
    std::string suites;
    Totals all;
    for (const std::string& area : order) suites += Suite(area, areas[area], all);
    text_ = absl::StrFormat(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"shimgauge\" tests=\"%d\" failures=\"%d\" errors=\"%d\" "
        "skipped=\"%d\" time=\"%.3f\">\n%s</testsuites>\n",
        all.tests, all.failures, all.errors, all.skipped, SecondsOf(finished.took), suites);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  struct Totals {
    std::size_t tests = 0;
    std::size_t failures = 0;
    std::size_t errors = 0;
    std::size_t skipped = 0;
  };

  std::string Suite(const std::string& area, const std::vector<const CheckResult*>& results,
                    Totals& all) {
    Totals here;
    std::chrono::microseconds took{0};
    std::string cases;
    for (const CheckResult* result : results) {
      ++here.tests;
      if (IsFailure(*result)) ++here.failures;
      if (result->result == Result::kError) ++here.errors;
      if (IsSkipped(*result)) ++here.skipped;
      took += TimeOf(*result);
      cases += Case(area, *result);
    }
    all.tests += here.tests;
    all.failures += here.failures;
    all.errors += here.errors;
    all.skipped += here.skipped;
    const std::string started = absl::FormatTime(
        "%Y-%m-%dT%H:%M:%S", absl::FromChrono(run_->started_at), absl::UTCTimeZone());
    return absl::StrFormat(
               " <testsuite name=\"%s\" timestamp=\"%s\" tests=\"%d\" failures=\"%d\" "
               "errors=\"%d\" skipped=\"%d\" time=\"%.3f\">\n",
               XmlText(area), started, here.tests, here.failures, here.errors, here.skipped,
               SecondsOf(took)) +
           cases + " </testsuite>\n";
  }

  std::string Case(const std::string& area, const CheckResult& result) {
    const Check& check = *result.planned.check;
    std::string xml =
        absl::StrFormat("  <testcase classname=\"shimgauge.%s\" name=\"%s\" time=\"%.3f\">\n",
                        XmlText(area), XmlText(check.id), SecondsOf(TimeOf(result)));
    absl::StrAppend(&xml, "   <properties>\n", Property("level", LevelName(check.level)),
                    Property("requirement", absl::StrJoin(check.requirements, " ")));
    for (const std::string& id : check.requirements) {
      const Requirement* requirement = LookupRequirement(id);
      if (requirement == nullptr || requirement->source.empty()) continue;
      absl::StrAppend(&xml, Property("source", absl::StrCat(id, ": ", requirement->source)));
    }
    if (result.planned.expectation != nullptr) {
      absl::StrAppend(&xml, Property("link", result.planned.expectation->reference));
    }
    absl::StrAppend(&xml, Property("repro", AgainCommand(result, *run_)), "   </properties>\n");
    if (IsFailure(result) || result.result == Result::kError) {
      const char* element = result.result == Result::kError ? "error" : "failure";
      absl::StrAppend(&xml, "   <", element, " type=\"", ResultName(result.result), "\" message=\"",
                      XmlText(WhyCode(result)), "\">",
                      XmlText(Shortened(EvidenceText(result, *run_), kTextBytesMax)), "</", element,
                      ">\n");
    } else if (IsListedFlaky(result)) {
      absl::StrAppend(&xml, FlakyFailures(result));
    } else if (IsSkipped(result)) {
      absl::StrAppend(&xml, "   <skipped message=\"", XmlText(SkipText(result)), "\"/>\n");
    }
    return xml + "  </testcase>\n";
  }

  // What the schema of surefire has for a case that failed before it passed.
  static std::string FlakyFailures(const CheckResult& result) {
    std::string xml;
    for (const Attempt& attempt : result.attempts) {
      const bool failed = attempt.verdict != Verdict::kPass && attempt.verdict != Verdict::kSkip &&
                          attempt.verdict != Verdict::kNotRun;
      if (!failed || attempt.whys.empty()) continue;
      const Why& why = attempt.whys.front();
      absl::StrAppend(&xml, "   <flakyFailure type=\"", VerdictName(attempt.verdict),
                      "\" message=\"", XmlText(why.code), "\">",
                      XmlText(Shortened(why.text, kTextBytesMax)), "</flakyFailure>\n");
    }
    return xml;
  }

  static std::string Property(absl::string_view name, absl::string_view value) {
    return absl::StrCat("    <property name=\"", name, "\" value=\"", XmlText(value), "\"/>\n");
  }

  const RunInfo* run_;
  std::string text_;
};

}  // namespace

std::unique_ptr<Report> MakeJunitReport(std::unique_ptr<Output> output) {
  return MakeFinishedReport(std::move(output),
                            [](const FinishedRun& finished) { return JunitText(finished).text(); });
}

}  // namespace conformance
