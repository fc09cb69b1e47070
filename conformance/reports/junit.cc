// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/junit.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <map>
#include <utility>
#include <vector>

#include "conformance/harness/names.h"
#include "conformance/reports/evidence.h"
#include "conformance/reports/utf8.h"

namespace conformance {
namespace {

constexpr std::size_t kTextBytesMax = 8 * 1024;
constexpr char kReplacement[] = "\xEF\xBF\xBD";

double SecondsOf(const CheckResult& result) {
  std::chrono::microseconds sum{0};
  for (const Attempt& attempt : result.attempts) sum += attempt.took;
  return static_cast<double>(sum.count()) / 1e6;
}

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

bool IsSkipped(const CheckResult& result) {
  return result.result == Result::kSkip || result.result == Result::kXfail ||
         result.result == Result::kNotRun;
}

std::string Code(const CheckResult& result) {
  const Attempt* attempt = result.evidence();
  return attempt == nullptr || attempt->whys.empty() ? "" : attempt->whys.front().code;
}

std::string SkipText(const CheckResult& result) {
  switch (result.result) {
    case Result::kSkip:
      return absl::StrCat(SkipKindName(result.skip_kind()), ": ", result.skip_reason());
    case Result::kXfail:
      return absl::StrCat("expected ", Code(result), ": ", result.planned.expectation->reference);
    default:
      return "not run: the run ended before";
  }
}

class JunitReport : public Report {
 public:
  explicit JunitReport(std::unique_ptr<Output> output) : output_(std::move(output)) {}

  void RunStarted(const RunInfo& run) override { run_ = &run; }

  void RunEnded(const Summary& summary, const std::vector<CheckResult>& results,
                std::chrono::microseconds took) override {
    std::vector<std::string> order;
    std::map<std::string, std::vector<const CheckResult*>> areas;
    for (const CheckResult& result : results) {
      const std::string area = AreaOf(result.planned.check->id);
      if (areas.count(area) == 0) order.push_back(area);
      areas[area].push_back(&result);
    }
    std::string xml = absl::StrFormat(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"shimgauge\" tests=\"%d\" time=\"%.3f\">\n",
        summary.planned, static_cast<double>(took.count()) / 1e6);
    for (const std::string& area : order) xml += Suite(area, areas[area]);
    output_->Write(xml + "</testsuites>\n");
  }
  absl::Status status() const override { return output_->status(); }

 private:
  std::string Suite(const std::string& area, const std::vector<const CheckResult*>& results) {
    std::size_t failures = 0;
    std::size_t errors = 0;
    std::size_t skipped = 0;
    double seconds = 0;
    std::string cases;
    for (const CheckResult* result : results) {
      if (IsFailure(*result)) ++failures;
      if (result->result == Result::kError) ++errors;
      if (IsSkipped(*result)) ++skipped;
      seconds += SecondsOf(*result);
      cases += Case(area, *result);
    }
    return absl::StrFormat(
               " <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"%d\" "
               "skipped=\"%d\" time=\"%.3f\">\n",
               XmlText(area), results.size(), failures, errors, skipped, seconds) +
           cases + " </testsuite>\n";
  }

  std::string Case(const std::string& area, const CheckResult& result) {
    const Check& check = *result.planned.check;
    std::string xml =
        absl::StrFormat("  <testcase classname=\"shimgauge.%s\" name=\"%s\" time=\"%.3f\">\n",
                        XmlText(area), XmlText(check.id), SecondsOf(result));
    absl::StrAppend(&xml, "   <properties>\n", Property("level", LevelName(check.level)),
                    Property("requirement", absl::StrJoin(check.requirements, " ")));
    if (result.planned.expectation != nullptr) {
      absl::StrAppend(&xml, Property("link", result.planned.expectation->reference));
    }
    absl::StrAppend(&xml, Property("repro", AgainCommand(result, *run_)), "   </properties>\n");
    if (IsFailure(result) || result.result == Result::kError) {
      const char* element = result.result == Result::kError ? "error" : "failure";
      absl::StrAppend(&xml, "   <", element, " type=\"", ResultName(result.result), "\" message=\"",
                      XmlText(Code(result)), "\">", XmlText(Limited(EvidenceText(result, *run_))),
                      "</", element, ">\n");
    } else if (IsSkipped(result)) {
      absl::StrAppend(&xml, "   <skipped message=\"", XmlText(SkipText(result)), "\"/>\n");
    }
    return xml + "  </testcase>\n";
  }

  static std::string Property(absl::string_view name, absl::string_view value) {
    return absl::StrCat("    <property name=\"", name, "\" value=\"", XmlText(value), "\"/>\n");
  }

  static std::string Limited(std::string text) {
    if (text.size() > kTextBytesMax) {
      text.resize(kTextBytesMax - 4);
      text += "\n...";
    }
    return text;
  }

  std::unique_ptr<Output> output_;
  const RunInfo* run_ = nullptr;
};

}  // namespace

std::string XmlText(absl::string_view text) {
  std::string xml;
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    const bool control = length == 1 && static_cast<unsigned char>(text[0]) < 0x20 &&
                         text[0] != '\t' && text[0] != '\n' && text[0] != '\r';
    if (length == 0 || control) {
      xml += kReplacement;
    } else if (text[0] == '&') {
      xml += "&amp;";
    } else if (text[0] == '<') {
      xml += "&lt;";
    } else if (text[0] == '>') {
      xml += "&gt;";
    } else if (text[0] == '"') {
      xml += "&quot;";
    } else {
      xml.append(text.data(), length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return xml;
}

std::unique_ptr<Report> MakeJunitReport(std::unique_ptr<Output> output) {
  return std::make_unique<JunitReport>(std::move(output));
}

}  // namespace conformance
