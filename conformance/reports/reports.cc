// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/reports.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "conformance/reports/console.h"
#include "conformance/reports/github.h"
#include "conformance/reports/html.h"
#include "conformance/reports/jsonl.h"
#include "conformance/reports/junit.h"
#include "conformance/reports/markdown.h"
#include "conformance/reports/tap.h"
#include "conformance/reports/text.h"

namespace conformance {

const std::vector<ReportFormat>& ReportFormats() {
  using Mode = Output::Mode;
  static const std::vector<ReportFormat> formats = {
      {.name = "text",
       .description = "the report for people",
       .make =
           [](std::unique_ptr<Output> output) {
             return MakeTextReport(std::make_shared<Console>(std::move(output), Console::Options()),
                                   /*verbose=*/true);
           }},
      {.name = "jsonl",
       .description = "one JSON record a line, as it happens",
       .make = &MakeJsonLinesReport},
      {.name = "json",
       .description = "one JSON document with all results",
       .mode = Mode::kWhole,
       .make = &MakeJsonReport},
      {.name = "junit",
       .description = "JUnit XML for CI systems",
       .mode = Mode::kWhole,
       .make = &MakeJunitReport},
      {.name = "tap", .description = "Test Anything Protocol, version 14", .make = &MakeTapReport},
      {.name = "md",
       .description = "Markdown, the summary of a CI job",
       .mode = Mode::kWhole,
       .make = &MakeMarkdownReport},
      {.name = "html",
       .description = "one page with all evidence, for a browser without a network",
       .mode = Mode::kWhole,
       .make = &MakeHtmlReport},
      {.name = "github",
       .description = "the log, annotations, summary and outputs of a GitHub job",
       .default_file = "-",
       .make =
           [](std::unique_ptr<Output> output) {
             return MakeGithubReport(std::move(output), GithubFilesOfEnvironment());
           }},
  };
  return formats;
}

absl::StatusOr<ReportRequest> ParseReportRequest(absl::string_view text) {
  const std::vector<ReportFormat>& formats = ReportFormats();
  const std::size_t equals = text.find('=');
  const absl::string_view name = text.substr(0, equals);
  const auto format = std::find_if(formats.begin(), formats.end(),
                                   [name](const ReportFormat& one) { return one.name == name; });
  if (format == formats.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--report ", text, ": unknown format '", name, "', there are ",
        absl::StrJoin(formats, ", ",
                      [](std::string* out, const ReportFormat& one) { *out += one.name; })));
  }
  if (equals == absl::string_view::npos && !format->default_file.empty()) {
    return ReportRequest{.format = &*format, .file = format->default_file};
  }
  if (equals == absl::string_view::npos || equals + 1 == text.size()) {
    return absl::InvalidArgumentError(absl::StrCat("--report ", text, ": no file; write ", name,
                                                   "=FILE, or ", name, "=- for standard output"));
  }
  return ReportRequest{.format = &*format, .file = std::string(text.substr(equals + 1))};
}

absl::StatusOr<OpenReports> OpenAllReports(const std::vector<std::string>& requests, bool verbose) {
  OpenReports reports;
  std::set<std::string> files;
  for (const std::string& text : requests) {
    ASSIGN_OR_RETURN(const ReportRequest request, ParseReportRequest(text));
    if (!files.insert(request.file).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("--report ", text, ": only one format can go to ",
                       request.file == "-" ? "standard output" : request.file));
    }
    ASSIGN_OR_RETURN(reports.all.emplace_back(), MakeReport(request));
  }
  if (files.count("-") == 0) {
    ASSIGN_OR_RETURN(std::unique_ptr<Output> output, Output::Open("-"));
    reports.console =
        std::make_shared<Console>(std::move(output), Console::StandardOutputOptions());
    reports.all.push_back(MakeTextReport(reports.console, verbose));
  }
  return reports;
}

absl::StatusOr<std::unique_ptr<Report>> MakeReport(const ReportRequest& request) {
  ASSIGN_OR_RETURN(std::unique_ptr<Output> output,
                   Output::Open(request.file, request.format->mode));
  return request.format->make(std::move(output));
}

}  // namespace conformance
