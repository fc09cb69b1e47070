// SPDX-License-Identifier: Apache-2.0
// `selftest legal`: what the contract allows must be green.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/run_command.h"
#include "conformance/selftest/legal_runner.h"
#include "conformance/selftest/legal_variants.h"
#include "conformance/selftest/programs.h"
#include "conformance/selftest/proof_session.h"
#include "conformance/selftest/selftest_console.h"
#include "conformance/selftest/selftest_options.h"
#include "conformance/selftest/subject_run.h"

namespace conformance {
namespace {

std::string Times(std::size_t repeats) {
  return repeats == 1 ? "" : absl::StrCat(repeats, " repeats   ");
}

void TellVariant(const LegalRecord& record, bool again, SelftestConsole& console) {
  std::vector<std::string> details = record.unexpected;
  if (!record.problem.empty()) details.insert(details.begin(), record.problem);
  const std::string counts =
      record.skipped.empty()
          ? absl::StrFormat("%d checks passed, %d unexpected   %s%s", record.passed,
                            record.unexpected.size(), Times(record.repeats),
                            again ? "as before" : RunTime(record.ms))
          : absl::StrCat("skipped: ", record.skipped);
  console.Ended(record.name, record.ok(), absl::StrFormat("%-26s  %s", record.name, counts),
                absl::StrJoin(details, "\n    "));
}

std::string SummaryText(const Proof& proof) {
  std::size_t green = 0;
  std::size_t skipped = 0;
  std::size_t unexpected = 0;
  for (const LegalRecord& record : proof.legal) {
    unexpected += record.unexpected.size();
    if (!record.skipped.empty()) {
      ++skipped;
    } else if (record.ok()) {
      ++green;
    }
  }
  return absl::StrCat(
      proof.legal.size(), proof.legal.size() == 1 ? " legal variant: " : " legal variants: ", green,
      " green", skipped == 0 ? "" : absl::StrCat(", ", skipped, " skipped"), " \u00b7 ", unexpected,
      " unexpected \u00b7 ", proof.repeat, proof.repeat == 1 ? " repeat" : " repeats", " \u00b7 ",
      RunTime(proof.ms), "\n");
}

absl::StatusOr<int> Run(const SelftestOptions& options) {
  RETURN_IF_ERROR(CheckSelftestRanges(options));
  std::vector<std::string> names;
  for (const LegalVariant& variant : LegalVariants()) names.emplace_back(variant.name);
  ASSIGN_OR_RETURN(const std::vector<bool> selected, SelectNames(names, options.selectors));
  LegalPlan plan;
  std::string listed;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!selected[i]) continue;
    plan.variants.push_back(&LegalVariants()[i]);
    absl::StrAppendFormat(&listed, "%-26s  %s\n", names[i], LegalVariants()[i].what);
  }
  if (options.list) return Print(listed, kExitAsExpected);
  ASSIGN_OR_RETURN(plan.shim, FindSubject(options.shim));
  plan.checks = options.checks;
  plan.jobs = options.jobs;
  plan.repeat = options.repeat;
  plan.deadline_scale = options.deadline_scale;
  ASSIGN_OR_RETURN(plan.keep, MakeNamedDirectory("--keep", options.keep));
  ASSIGN_OR_RETURN(plan.reports, MakeNamedDirectory("--reports", options.reports));
  ASSIGN_OR_RETURN(ProofSession session,
                   ProofSession::Begin("legal", plan.shim, plan.variants.size()));
  Proof& proof = session.proof();
  SelftestConsole& console = session.console();
  proof.repeat = options.repeat;
  proof.revision = options.revision;
  const LegalListener listener = {
      .started = [&](const LegalVariant& variant) { console.Started(std::string(variant.name)); },
      .ended = [&](const LegalRecord& record, bool again) { TellVariant(record, again, console); }};
  const absl::Status ran = RunLegal(plan, listener, proof);
  const bool good = std::all_of(proof.legal.begin(), proof.legal.end(),
                                [](const LegalRecord& record) { return record.ok(); });
  return session.End(ran, options.result, SummaryText, good ? kExitAsExpected : kExitUnexpected);
}

}  // namespace

int SelftestLegalCommand(const SelftestOptions& options) { return ExitCodeOf(Run(options)); }

}  // namespace conformance
