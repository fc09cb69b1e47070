// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/judge_run.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include <filesystem>

#include "base/status_macros.h"
#include "conformance/reports/evidence.h"
#include "conformance/selftest/programs.h"
#include "conformance/selftest/scratch.h"
#include "fakes/fault/fault_request.h"

namespace conformance {
namespace {

using fakes::KnownFaultSeam;

constexpr char kFaultyName[] = "containerd-shim-faulty-v1";
// As the stand-in that it stands before, whose own faults checks ask for (Need::kFakeEngine).
constexpr char kFaultyEngineName[] = "shimgauge-engine";

std::string In(const JudgeRun& run, absl::string_view file) {
  return absl::StrCat(run.directory, "/", file);
}

std::string LastLine(const std::string& text) {
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  return lines.empty() ? "" : lines.back();
}

std::string EndText(const JobEnd& end) {
  if (end.over_limit) return absl::StrCat("was ended after ", end.took.count() / 1000, " s");
  if (end.exit.signal != 0) return absl::StrCat("was killed by signal ", end.exit.signal);
  return absl::StrCat("ended with exit code ", end.exit.code);
}

// A program that becomes `words`, with the arguments it was given behind them.
absl::Status WriteWrapper(const std::string& path, const std::vector<std::string>& words) {
  const std::string quoted = absl::StrJoin(
      words, " ", [](std::string* out, const std::string& word) { *out += ShellWord(word); });
  return WriteScript(path, absl::StrCat("exec ", quoted, " \"$@\"\n"));
}

absl::string_view ProgramAt(KnownFaultSeam seam) {
  switch (seam) {
    case KnownFaultSeam::kWire:
      return kWireProgram;
    case KnownFaultSeam::kShim:
      return kFaultyShim;
    case KnownFaultSeam::kEngine:
      break;
  }
  return kFaultyEngine;
}

// The healthy program behind the faulty one; empty: it is that itself.
absl::StatusOr<std::string> SubjectAt(KnownFaultSeam seam, const std::string& shim) {
  if (seam == KnownFaultSeam::kWire) return shim;
  if (seam == KnownFaultSeam::kEngine) return FindProgram(kStandInEngine);
  return std::string();
}

// `option` says which faults.
absl::StatusOr<JudgeRun> MakeRun(const std::string& directory, KnownFaultSeam seam,
                                 const std::string& option, const std::string& shim,
                                 const std::string& engine) {
  JudgeRun run;
  run.directory = directory;
  run.engine = engine;
  ASSIGN_OR_RETURN(const std::string program, FindProgram(ProgramAt(seam)));
  ASSIGN_OR_RETURN(const std::string subject, SubjectAt(seam, shim));
  std::vector<std::string> words = {program, option,
                                    absl::StrCat("--journal=", JournalIn(directory))};
  if (!subject.empty()) words.push_back(absl::StrCat("--subject=", subject));
  if (seam == KnownFaultSeam::kEngine) {
    run.shim = shim;
    run.engine = In(run, kFaultyEngineName);
    RETURN_IF_ERROR(WriteWrapper(run.engine, words));
  } else {
    run.shim = In(run, kFaultyName);
    RETURN_IF_ERROR(WriteWrapper(run.shim, words));
  }
  return run;
}

}  // namespace

absl::StatusOr<Job> MakeJudgeJob(const JudgeRun& run) {
  Job job;
  job.argv = run.launcher;
  const auto add = [&job](std::vector<std::string> words) {
    job.argv.insert(job.argv.end(), words.begin(), words.end());
  };
  add({JudgeProgram(), "run", "--shim", run.shim, "-j", absl::StrCat(run.jobs)});
  if (!run.engine.empty()) add({"--engine", run.engine});
  if (run.repeat != 1) add({"--repeat", absl::StrCat(run.repeat)});
  if (run.deadline_scale != 1.0) add({"--deadline-scale", absl::StrCat(run.deadline_scale)});
  add({"--report", absl::StrCat("json=", In(run, "result.json")), "--report",
       absl::StrCat("text=", In(run, "report.txt"))});
  add(run.options);
  add(run.checks);
  job.err = In(run, "complaints.txt");
  std::error_code error;
  std::filesystem::remove(In(run, "result.json"), error);
  return job;
}

absl::StatusOr<ResultFile> ReadJudgeResult(const JudgeRun& run, const JobEnd& end) {
  absl::StatusOr<ResultFile> result = ResultFile::Read(In(run, "result.json"));
  if (result.ok() && result->complete() && !end.over_limit) return result;
  const std::string said = LastLine(TextOf(In(run, "complaints.txt")));
  return absl::InternalError(absl::StrCat("the judge ", EndText(end), " without a ",
                                          result.ok() ? "complete " : "", "result",
                                          said.empty() ? "" : ": ", said));
}

std::string ReadJudgeReport(const JudgeRun& run) { return TextOf(In(run, "report.txt")); }

std::string JournalIn(absl::string_view directory) { return absl::StrCat(directory, "/journal"); }

absl::StatusOr<std::vector<std::string>> ProgramsOf(KnownFaultSeam seam, const std::string& shim) {
  std::vector<std::string> programs = {JudgeProgram()};
  ASSIGN_OR_RETURN(programs.emplace_back(), FindProgram(ProgramAt(seam)));
  ASSIGN_OR_RETURN(const std::string subject, SubjectAt(seam, shim));
  if (!subject.empty()) programs.push_back(subject);
  if (seam == KnownFaultSeam::kEngine) programs.push_back(shim);
  return programs;
}

absl::StatusOr<JudgeRun> MakeFaultyRun(const std::string& directory, const FaultRow& row,
                                       const std::string& shim, const std::string& engine) {
  return MakeRun(directory, row.seam, absl::StrCat("--fault=", row.fault->name), shim, engine);
}

absl::StatusOr<JudgeRun> MakeRehearsal(const std::string& directory, KnownFaultSeam seam,
                                       const std::string& shim, const std::string& engine) {
  ASSIGN_OR_RETURN(JudgeRun run, MakeRun(directory, seam, "--rehearse", shim, engine));
  run.launcher = {"/usr/bin/env", absl::StrCat(fakes::kCheckVariable, "=-")};
  return run;
}

}  // namespace conformance
