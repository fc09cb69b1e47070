// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/expect_command.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <memory>

#include "base/status_macros.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/expectations.h"
#include "conformance/harness/names.h"
#include "conformance/harness/ready_made.h"
#include "conformance/harness/run_command.h"
#include "conformance/harness/text_diff.h"
#include "conformance/harness/toml_reader.h"
#include "conformance/reports/output.h"

namespace conformance {
namespace {

std::string Count(std::size_t count, absl::string_view one, absl::string_view many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

// The text of a file that may not exist yet.
absl::StatusOr<std::string> ReadIfThere(const std::string& file) {
  if (::access(file.c_str(), F_OK) != 0 && errno == ENOENT) return std::string();
  return ReadTextFile(file);
}

int Propose(const ExpectEditOptions& options, const std::string& before,
            const absl::StatusOr<ExpectationEdit>& edit) {
  if (!edit.ok()) return Complain(edit.status());
  for (const std::string& note : edit->notes) std::cerr << "note: " << note << std::endl;
  // A new file that would only hold its schema is no change.
  const std::string diff = UnifiedDiff(before, edit->text, options.file);
  if (diff.empty() || (before.empty() && edit->text == "schema = 1\n")) {
    std::cerr << "shimgauge: nothing to change in " << options.file << std::endl;
    return kExitAsExpected;
  }
  if (!options.write) return Print(diff, kExitUnexpected);
  const absl::StatusOr<std::unique_ptr<Output>> output =
      Output::Open(options.file, Output::Mode::kWhole);
  if (!output.ok()) return Complain(output.status());
  (*output)->Write(edit->text);
  (*output)->Finish();
  if (!(*output)->status().ok()) return ExitUnlessLost(**output, kExitHarness);
  std::cerr << "shimgauge: " << options.file << " written" << std::endl;
  return kExitAsExpected;
}

absl::StatusOr<ObservedRun> ReadRun(const ExpectEditOptions& options) {
  ASSIGN_OR_RETURN(const ResultFile file, ResultFile::Read(options.results));
  ObservedRun run = Observe(file);
  if (!run.complete) {
    std::cerr << "note: " << options.results << ": the run is not complete" << std::endl;
  }
  return run;
}

}  // namespace

int ExpectLintCommand(const std::vector<std::string>& files, const std::vector<Check>& checks) {
  for (const std::string& file : files) {
    const absl::Status status = ReadNamed(ReadyMade::kExpectations, file).status();
    if (!status.ok()) return Complain(status);
  }
  std::vector<std::string> problems;
  Expectations all;
  for (const std::string& file : files) {
    // Alone, so that each file's own trouble is told even when another's stops the merge.
    Expectations one;
    absl::Status status = one.AddFile(file);
    if (status.ok()) status = one.Bind(checks);
    if (!status.ok()) {
      problems.emplace_back(status.message());
      continue;
    }
    for (std::string& stale : one.Stale(Today())) problems.push_back(std::move(stale));
    all.AddFile(file).IgnoreError();
  }
  if (all.Bind(checks).ok()) {
    for (const std::string& overridden : all.Overridden()) problems.push_back(overridden);
  }
  std::string text;
  for (const std::string& problem : problems) absl::StrAppend(&text, problem, "\n");
  absl::StrAppend(&text, Count(all.entries().size(), "entry", "entries"), " in ",
                  Count(files.size(), "file", "files"), ", ",
                  Count(problems.size(), "problem", "problems"), "\n");
  return Print(text, problems.empty() ? kExitAsExpected : kExitUnexpected);
}

int ExpectUpdateCommand(const ExpectEditOptions& options, const std::vector<Check>& checks) {
  const absl::StatusOr<ObservedRun> run = ReadRun(options);
  if (!run.ok()) return Complain(run.status());
  const absl::StatusOr<std::string> before = ReadIfThere(options.file);
  if (!before.ok()) return Complain(before.status());
  return Propose(options, *before,
                 UpdateExpectations(*before, options.file, *run, checks, options.fields));
}

int ExpectPruneCommand(const ExpectEditOptions& options, const std::vector<Check>& checks) {
  const absl::StatusOr<ObservedRun> run = ReadRun(options);
  if (!run.ok()) return Complain(run.status());
  const absl::StatusOr<std::string> before = ReadTextFile(options.file);
  if (!before.ok()) return Complain(before.status());
  return Propose(options, *before, PruneExpectations(*before, options.file, *run, checks, Today()));
}

}  // namespace conformance
