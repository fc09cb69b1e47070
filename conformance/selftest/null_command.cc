// SPDX-License-Identifier: Apache-2.0
// `selftest null`: programs that are no shims, none of which may pass.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/evidence.h"
#include "conformance/selftest/host_traces.h"
#include "conformance/selftest/programs.h"
#include "conformance/selftest/proof_session.h"
#include "conformance/selftest/scratch.h"
#include "conformance/selftest/selftest_console.h"
#include "conformance/selftest/selftest_options.h"
#include "conformance/selftest/subject_run.h"

namespace conformance {
namespace {

constexpr int kChecksPerCpu = 4;

struct NullSubject {
  std::string name;
  std::string what;
};

absl::StatusOr<std::vector<NullSubject>> ListSubjects(const std::string& program,
                                                      const Scratch& scratch) {
  const std::string file = scratch.path() + "/list";
  ASSIGN_OR_RETURN(const JobEnd end, RunJudge({.argv = {program, "--list"}, .out = file}));
  std::vector<NullSubject> subjects;
  for (const absl::string_view line : absl::StrSplit(TextOf(file), '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(line, absl::MaxSplits('\t', 1));
    subjects.push_back({parts.first, parts.second});
  }
  if (end.exit.ShellStatus() == 0 && !subjects.empty()) return subjects;
  return absl::InternalError(absl::StrCat(program, " --list ended with ", end.exit.ShellStatus(),
                                          ", and named ", subjects.size(), " subjects"));
}

// What is wrong with the way the run ended.
std::string ProblemOf(const NullRecord& record, const JobEnd& end, const SelftestOptions& options) {
  if (end.over_limit) return absl::StrCat("not done within ", options.limit, " s");
  if (record.exit_code != kExitUnexpected) {
    return absl::StrCat("exit code ", record.exit_code, ", expected ", kExitUnexpected);
  }
  return "";
}

class NullRun {
 public:
  NullRun(const SelftestOptions& options, std::string program, Scratch scratch)
      : options_(options), program_(std::move(program)), scratch_(std::move(scratch)) {}

  absl::Status Run(const std::vector<NullSubject>& subjects, SelftestConsole& console,
                   Proof& proof) {
    for (const NullSubject& subject : subjects) {
      console.Started(subject.name);
      ASSIGN_OR_RETURN(NullRecord record, Judge(subject));
      Tell(record, console);
      proof.nulls.push_back(std::move(record));
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<NullRecord> Judge(const NullSubject& subject) {
    JudgeRun run;
    ASSIGN_OR_RETURN(run.directory, scratch_.MakeDirectory(subject.name));
    run.shim = run.directory + "/containerd-shim-null-v1";
    RETURN_IF_ERROR(WriteScript(run.shim, absl::StrCat("exec ", ShellWord(program_), " --subject=",
                                                       ShellWord(subject.name), " \"$@\"\n")));
    run.checks = options_.checks;
    if (!options_.profile.empty()) run.options = {"--profile", options_.profile};
    // They make the judge wait, which takes no CPU.
    run.jobs = JobsOf(options_, kChecksPerCpu);
    run.deadline_scale = options_.deadline_scale;
    ASSIGN_OR_RETURN(Job job, MakeJudgeJob(run));
    job.limit = std::chrono::seconds(options_.limit);
    NullRecord record{.name = subject.name, .what = subject.what};
    const HostTraces before = HostTraces::Take();
    ASSIGN_OR_RETURN(const JobEnd end, RunJudge(job, &record.left));
    for (std::string& trace : HostTraces::Take().Since(before, run.directory, end.exit.pid)) {
      record.left.push_back(std::move(trace));
    }
    record.ms = end.took.count();
    record.exit_code = static_cast<int>(end.exit.ShellStatus());
    record.problem = ProblemOf(record, end, options_);
    const absl::StatusOr<ResultFile> result = ReadJudgeResult(run, end);
    if (result.ok()) {
      Count(*result, record);
    } else if (record.problem.empty()) {
      record.problem = std::string(result.status().message());
    }
    return record;
  }

  static void Count(const ResultFile& result, NullRecord& record) {
    for (const CheckResult& check : result.finished().results) {
      if (check.result == Result::kSkip || check.result == Result::kNotRun) continue;
      ++record.judged;
      const bool passed = check.result == Result::kPass || check.result == Result::kFlaky;
      if (passed && check.planned.check->level == Level::kMust) {
        record.passed.push_back(check.planned.check->id);
      }
    }
  }

  static void Tell(const NullRecord& record, SelftestConsole& console) {
    std::vector<std::string> details;
    if (!record.problem.empty()) details.push_back(record.problem);
    for (const std::string& check : record.passed) details.push_back(check + " passed");
    for (const std::string& left : record.left) details.push_back("left: " + left);
    console.Ended(record.name, record.ok(),
                  absl::StrFormat("%-28s  %d of %d checks passed at MUST   %s", record.name,
                                  record.passed.size(), record.judged, RunTime(record.ms)),
                  absl::StrJoin(details, "\n    "));
  }

  const SelftestOptions& options_;
  std::string program_;
  Scratch scratch_;
};

std::string SummaryText(const Proof& proof) {
  std::size_t passes = 0;
  std::int64_t worst = 0;
  for (const NullRecord& record : proof.nulls) {
    passes += record.passed.size();
    worst = std::max(worst, record.ms);
  }
  const auto good = std::count_if(proof.nulls.begin(), proof.nulls.end(),
                                  [](const NullRecord& record) { return record.ok(); });
  return absl::StrCat(proof.nulls.size(), " null subjects: ", good, " as they should be \u00b7 ",
                      passes, " checks passed at MUST \u00b7 longest run ", RunTime(worst),
                      " \u00b7 ", RunTime(proof.ms), "\n");
}

absl::StatusOr<int> RunNull(const SelftestOptions& options) {
  RETURN_IF_ERROR(CheckSelftestRanges(options));
  ASSIGN_OR_RETURN(std::string program, FindProgram(kNullShim));
  ASSIGN_OR_RETURN(Scratch scratch, Scratch::Make());
  ASSIGN_OR_RETURN(const std::vector<NullSubject> all, ListSubjects(program, scratch));
  std::vector<std::string> names;
  for (const NullSubject& subject : all) names.push_back(subject.name);
  ASSIGN_OR_RETURN(const std::vector<bool> selected, SelectNames(names, options.selectors));
  std::vector<NullSubject> subjects;
  std::string listed;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!selected[i]) continue;
    subjects.push_back(all[i]);
    absl::StrAppendFormat(&listed, "%-28s  %s\n", all[i].name, all[i].what);
  }
  if (options.list) return Print(listed, kExitAsExpected);
  ASSIGN_OR_RETURN(ProofSession session, ProofSession::Begin("null", "", subjects.size()));
  Proof& proof = session.proof();
  const absl::Status ran = NullRun(options, std::move(program), std::move(scratch))
                               .Run(subjects, session.console(), proof);
  const bool good = std::all_of(proof.nulls.begin(), proof.nulls.end(),
                                [](const NullRecord& record) { return record.ok(); });
  return session.End(ran, options.result, SummaryText, good ? kExitAsExpected : kExitUnexpected);
}

}  // namespace

int SelftestNullCommand(const SelftestOptions& options) { return ExitCodeOf(RunNull(options)); }

}  // namespace conformance
