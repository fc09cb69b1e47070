// SPDX-License-Identifier: Apache-2.0
// `selftest legal`: what the contract allows must be green.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/run_command.h"
#include "conformance/reports/evidence.h"
#include "conformance/selftest/cpu_quota.h"
#include "conformance/selftest/legal_kept.h"
#include "conformance/selftest/legal_variants.h"
#include "conformance/selftest/programs.h"
#include "conformance/selftest/proof_session.h"
#include "conformance/selftest/scratch.h"
#include "conformance/selftest/selftest_console.h"
#include "conformance/selftest/selftest_options.h"
#include "conformance/selftest/subject_run.h"

namespace conformance {
namespace {

std::string Words(const std::vector<std::string>& words) {
  return absl::StrJoin(words, " ",
                       [](std::string* out, const std::string& word) { *out += ShellWord(word); });
}

constexpr std::size_t kRepeatsAtATime = 20;

std::string Times(std::size_t repeats) {
  return repeats == 1 ? "" : absl::StrCat(repeats, " repeats   ");
}

// What holds for one run and is undone after it.
struct Surroundings {
  std::unique_ptr<KernelSetting> setting;
  std::unique_ptr<CpuHogs> hogs;
  std::unique_ptr<CpuQuota> quota;
};

absl::StatusOr<Surroundings> Surround(const LegalVariant& variant) {
  Surroundings surroundings;
  if (!variant.kernel_file.empty()) {
    ASSIGN_OR_RETURN(surroundings.setting, KernelSetting::Set(std::string(variant.kernel_file),
                                                              std::string(variant.kernel_value)));
  }
  if (variant.hogs > 0) {
    ASSIGN_OR_RETURN(surroundings.hogs, CpuHogs::Start(variant.hogs));
  }
  if (variant.cpu_percent > 0) {
    ASSIGN_OR_RETURN(surroundings.quota, CpuQuota::Make(variant.cpu_percent));
  }
  return surroundings;
}

class LegalRun {
 public:
  LegalRun(const SelftestOptions& options, std::string shim, LegalKept kept, std::string reports,
           Scratch scratch)
      : options_(options),
        shim_(std::move(shim)),
        kept_(std::move(kept)),
        reports_(std::move(reports)),
        scratch_(std::move(scratch)) {}

  absl::Status Run(const std::vector<const LegalVariant*>& variants, SelftestConsole& console,
                   Proof& proof) {
    for (const LegalVariant* variant : variants) {
      console.Started(std::string(variant->name));
      ASSIGN_OR_RETURN(LegalRecord record, Repeat(*variant, console));
      proof.legal.push_back(std::move(record));
    }
    return absl::OkStatus();
  }

 private:
  absl::StatusOr<std::string> SubjectOf(const LegalVariant& variant) const {
    if (variant.need == LegalNeed::kSanitizedShim) return SanitizedShim();
    if (!variant.program.empty()) return FindProgram(variant.program);
    return shim_;
  }

  // The wrapper that is the shim of the run.
  absl::StatusOr<std::string> WriteShim(const LegalVariant& variant, const std::string& directory) {
    ASSIGN_OR_RETURN(const std::string subject, SubjectOf(variant));
    std::vector<std::string> words = {subject};
    if (!variant.wire_rules.empty()) {
      ASSIGN_OR_RETURN(const std::string wire, FindProgram(kWireProgram));
      words = {wire};
      for (const std::string& rule : variant.wire_rules) words.push_back("--rule=" + rule);
      words.push_back("--subject=" + subject);
    }
    const bool continued = !variant.before.empty() && absl::StrContains(variant.before, "\\\n");
    std::string path = directory + "/containerd-shim-legal-v1";
    RETURN_IF_ERROR(WriteScript(path, absl::StrCat(variant.before, continued ? "" : "exec ",
                                                   Words(words), " \"$@\" ", variant.after, "\n")));
    return path;
  }

  absl::StatusOr<JudgeRun> Prepare(const LegalVariant& variant, int repeats) {
    JudgeRun run;
    ASSIGN_OR_RETURN(run.directory, scratch_.MakeDirectory(variant.name));
    std::string directory = run.directory;
    if (!variant.directory.empty()) {
      ASSIGN_OR_RETURN(directory,
                       scratch_.MakeDirectory(absl::StrCat(variant.name, "/", variant.directory)));
    }
    ASSIGN_OR_RETURN(run.shim, WriteShim(variant, directory));
    run.options = variant.options;
    if (!variant.profile.empty()) {
      const std::string profile = run.directory + "/profile.toml";
      RETURN_IF_ERROR(WriteTextTo(profile, variant.profile));
      run.options.insert(run.options.end(), {"--profile", profile});
    }
    run.launcher = variant.launcher;
    run.checks = options_.checks;
    run.jobs = variant.jobs > 0 ? variant.jobs : options_.jobs;
    run.repeat = repeats;
    run.deadline_scale = options_.deadline_scale * variant.deadline_scale;
    return run;
  }

  absl::StatusOr<std::string> KeyOf(const LegalVariant& variant) const {
    ASSIGN_OR_RETURN(const std::string subject, SubjectOf(variant));
    ASSIGN_OR_RETURN(const std::string engine, FindProgram(kFakeEngineName));
    std::vector<std::string> hashes = {HashOf(JudgeProgram()), HashOf(subject), HashOf(engine)};
    if (!variant.wire_rules.empty()) {
      ASSIGN_OR_RETURN(const std::string wire, FindProgram(kWireProgram));
      hashes.push_back(HashOf(wire));
    }
    if (variant.need == LegalNeed::kWasm) {
      ASSIGN_OR_RETURN(const std::string stage, FindProgram(kStage));
      hashes.push_back(HashOf(stage));
    }
    std::vector<std::string> options = options_.checks;
    options.push_back(absl::StrCat(options_.deadline_scale));
    return LegalKeyOf(variant, hashes, options);
  }

  // A few repeats at a time, each time kept: whoever interrupts this loses no more.
  absl::StatusOr<LegalRecord> Repeat(const LegalVariant& variant, SelftestConsole& console) {
    if (const absl::Status able = CheckLegalNeed(variant.need); !able.ok()) {
      const LegalRecord record{.name = std::string(variant.name),
                               .what = std::string(variant.what),
                               .skipped = std::string(able.message())};
      Tell(record, /*again=*/false, console);
      return record;
    }
    ASSIGN_OR_RETURN(const std::string key, KeyOf(variant));
    LegalRecord record = kept_.Load(variant, key);
    const auto wanted = static_cast<std::size_t>(options_.repeat);
    const bool again = record.repeats >= wanted;
    while (record.repeats < wanted && record.ok()) {
      const std::size_t some = std::min(wanted - record.repeats, kRepeatsAtATime);
      ASSIGN_OR_RETURN(const LegalRecord more, Judge(variant, static_cast<int>(some)));
      AddRepeats(more, record);
      RETURN_IF_ERROR(kept_.Save(record));
    }
    Tell(record, again, console);
    return record;
  }

  absl::StatusOr<LegalRecord> Judge(const LegalVariant& variant, int repeats) {
    LegalRecord record{.name = std::string(variant.name)};
    ASSIGN_OR_RETURN(JudgeRun run, Prepare(variant, repeats));
    ASSIGN_OR_RETURN(const Surroundings surroundings, Surround(variant));
    if (surroundings.quota) {
      const std::vector<std::string> quota = surroundings.quota->Launcher();
      run.launcher.insert(run.launcher.begin(), quota.begin(), quota.end());
    }
    ASSIGN_OR_RETURN(Job job, MakeJudgeJob(run));
    job.limit = std::chrono::hours(24);
    ASSIGN_OR_RETURN(const JobEnd end, RunJudge(job));
    record.ms = end.took.count();
    record.repeats = static_cast<std::size_t>(run.repeat);
    const absl::StatusOr<ResultFile> result = ReadJudgeResult(run, end);
    if (!result.ok()) {
      record.problem = std::string(result.status().message());
      return record;
    }
    Count(*result, record);
    if (end.exit.ShellStatus() != kExitAsExpected && record.unexpected.empty()) {
      record.problem = absl::StrCat("the judge ended with exit code ", end.exit.ShellStatus());
    }
    if (!record.ok() && !reports_.empty()) RETURN_IF_ERROR(KeepReport(record, run));
    return record;
  }

  absl::Status KeepReport(const LegalRecord& record, const JudgeRun& run) const {
    return WriteTextTo(absl::StrCat(reports_, "/", record.name, ".txt"), ReadJudgeReport(run));
  }

  static void Count(const ResultFile& result, LegalRecord& record) {
    for (const CheckResult& check : result.finished().results) {
      if (check.result == Result::kPass) ++record.passed;
      if (!check.unexpected && check.result != Result::kError) continue;
      const Attempt* attempt = check.evidence();
      record.unexpected.push_back(absl::StrCat(
          check.planned.check->id, ": ", ResultName(check.result), " ",
          attempt == nullptr || attempt->whys.empty() ? "" : attempt->whys.front().code));
    }
  }

  static void Tell(const LegalRecord& record, bool again, SelftestConsole& console) {
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

  const SelftestOptions& options_;
  std::string shim_;
  LegalKept kept_;
  const std::string reports_;  // a directory; empty: none
  Scratch scratch_;
};

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
  return absl::StrCat(proof.legal.size(), " legal variants: ", green, " green",
                      skipped == 0 ? "" : absl::StrCat(", ", skipped, " skipped"), " \u00b7 ",
                      unexpected, " unexpected \u00b7 ", proof.repeat,
                      proof.repeat == 1 ? " repeat" : " repeats", " \u00b7 ", RunTime(proof.ms),
                      "\n");
}

absl::StatusOr<int> RunLegal(const SelftestOptions& options) {
  RETURN_IF_ERROR(CheckSelftestRanges(options));
  std::vector<std::string> names;
  for (const LegalVariant& variant : LegalVariants()) names.emplace_back(variant.name);
  ASSIGN_OR_RETURN(const std::vector<bool> selected, SelectNames(names, options.selectors));
  std::vector<const LegalVariant*> variants;
  std::string listed;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!selected[i]) continue;
    variants.push_back(&LegalVariants()[i]);
    absl::StrAppendFormat(&listed, "%-26s  %s\n", names[i], LegalVariants()[i].what);
  }
  if (options.list) return Print(listed, kExitAsExpected);
  ASSIGN_OR_RETURN(std::string shim, FindSubject(options.shim));
  ASSIGN_OR_RETURN(std::string keep, MakeNamedDirectory("--keep", options.keep));
  ASSIGN_OR_RETURN(std::string reports, MakeNamedDirectory("--reports", options.reports));
  ASSIGN_OR_RETURN(Scratch scratch, Scratch::Make());
  ASSIGN_OR_RETURN(ProofSession session, ProofSession::Begin("legal", shim, variants.size()));
  Proof& proof = session.proof();
  proof.repeat = options.repeat;
  proof.revision = options.revision;
  const absl::Status ran = LegalRun(options, std::move(shim), LegalKept(std::move(keep)),
                                    std::move(reports), std::move(scratch))
                               .Run(variants, session.console(), proof);
  const bool good = std::all_of(proof.legal.begin(), proof.legal.end(),
                                [](const LegalRecord& record) { return record.ok(); });
  return session.End(ran, options.result, SummaryText, good ? kExitAsExpected : kExitUnexpected);
}

}  // namespace

int SelftestLegalCommand(const SelftestOptions& options) { return ExitCodeOf(RunLegal(options)); }

}  // namespace conformance
