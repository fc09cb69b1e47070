// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "conformance/reports/output.h"
#include "conformance/reports/report.h"

namespace conformance {

// Where a step of a GitHub job leaves what is not its log; empty: nowhere.
struct GithubFiles {
  std::string summary;  // $GITHUB_STEP_SUMMARY
  std::string output;   // $GITHUB_OUTPUT
};
// As the environment names them.
GithubFiles GithubFilesOfEnvironment();

// For the log of a GitHub job: a group of lines for each area, the evidence of what needs a look,
// one error annotation for each such check, a warning for each stale expectation. The Markdown
// summary is appended to `files.summary`, the outputs verdict, must, unexpected and exit-code to
// `files.output`. Nothing a shim writes can become a workflow command.
std::unique_ptr<Report> MakeGithubReport(std::unique_ptr<Output> output, GithubFiles files);

// Text as the data and as a property of a workflow command.
std::string GithubData(absl::string_view text);
std::string GithubProperty(absl::string_view text);

}  // namespace conformance
