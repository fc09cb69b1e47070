// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "conformance/reports/console.h"
#include "conformance/reports/output.h"
#include "conformance/reports/report.h"

namespace conformance {

// A format of `--report FORMAT=FILE`.
struct ReportFormat {
  std::string name;
  std::string description;
  Output::Mode mode = Output::Mode::kStream;
  std::string default_file;  // where it goes without `=FILE`; empty: a file has to be named
  std::function<std::unique_ptr<Report>(std::unique_ptr<Output>)> make;
};

// The table of formats.
const std::vector<ReportFormat>& ReportFormats();

// One `FORMAT=FILE` (or `FORMAT`, if that has a default), split; INVALID_ARGUMENT for an unknown
// format or no file.
struct ReportRequest {
  const ReportFormat* format = nullptr;
  std::string file;
};
absl::StatusOr<ReportRequest> ParseReportRequest(absl::string_view text);

// What `--report` asks for, all of it, and the text report on standard output unless something
// else goes there.
struct OpenReports {
  std::shared_ptr<Console> console;  // shared with the text report; null when there is none
  std::vector<std::unique_ptr<Report>> all;
};
absl::StatusOr<OpenReports> OpenAllReports(const std::vector<std::string>& requests, bool verbose);

// Opens the file and makes the report.
absl::StatusOr<std::unique_ptr<Report>> MakeReport(const ReportRequest& request);

}  // namespace conformance
