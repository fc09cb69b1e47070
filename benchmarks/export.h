// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>
#include <vector>

#include "benchmarks/record.h"
#include "benchmarks/result.h"

namespace benchmarks {

// A format of other tools, or a picture.
struct ExportFormat {
  std::string name;  // as on the command line
  std::string about;
  // `history` (oldest first) is shown by pictures; others ignore it.
  std::string (*write)(const BenchResult& result, const std::vector<Record>& history);
};

// google-benchmark, action-smaller, action-bigger, openmetrics, csv, html, svg.
const std::vector<ExportFormat>& ExportFormats();
// nullptr: there is none of that name.
const ExportFormat* FindExportFormat(absl::string_view name);

}  // namespace benchmarks
