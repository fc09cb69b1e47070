// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/legal_runner.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/accounting.h"
#include "conformance/reports/evidence.h"
#include "conformance/selftest/cpu_quota.h"
#include "conformance/selftest/judge_run.h"
#include "conformance/selftest/legal_kept.h"
#include "conformance/selftest/programs.h"
#include "conformance/selftest/scratch.h"

namespace conformance {
namespace {

// As many as an interruption may lose.
constexpr std::size_t kRepeatsAtATime = 20;
constexpr int kLanes = 2;  // variants that wait, and those that work

std::string Words(const std::vector<std::string>& words) {
  return absl::StrJoin(words, " ",
                       [](std::string* out, const std::string& word) { *out += ShellWord(word); });
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

void Count(const ResultFile& result, LegalRecord& record) {
  for (const CheckResult& check : result.finished().results) {
    if (check.result == Result::kPass) ++record.passed;
    if (!check.unexpected && check.result != Result::kError) continue;
    const Attempt* attempt = check.evidence();
    record.unexpected.push_back(absl::StrCat(
        check.planned.check->id, ": ", ResultName(check.result), " ",
        attempt == nullptr || attempt->whys.empty() ? "" : attempt->whys.front().code));
  }
}

// What the judge's end says of `run`.
LegalRecord RecordOf(const LegalVariant& variant, const JudgeRun& run, const JobEnd& end) {
  LegalRecord record{.name = std::string(variant.name)};
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
  return record;
}

class LegalRun {
 public:
  LegalRun(const LegalPlan& plan, const LegalListener& listener, Scratch scratch)
      : plan_(plan),
        listener_(listener),
        wanted_(static_cast<std::size_t>(plan.repeat)),
        kept_(plan.keep),
        scratch_(std::move(scratch)),
        turns_(plan.variants.size()) {}

  absl::Status Run(Proof& proof) {
    for (std::size_t i = 0; i < turns_.size(); ++i) {
      const std::size_t rounds = (wanted_ + kRepeatsAtATime - 1) / kRepeatsAtATime;
      steps_.insert(steps_.end(), rounds, i);
    }
    const JobList jobs = {
        .count = steps_.size(),
        .prepare = [this](std::size_t step) { return Prepare(steps_[step]); },
        .done = [this](std::size_t step, const JobEnd& end) { return Done(steps_[step], end); },
        .lane = [this](std::size_t step) { return plan_.variants[steps_[step]]->idle ? 1 : 0; }};
    const absl::Status status = RunJobs(jobs, kLanes);
    for (Turn& turn : turns_) {
      if (turn.told || turn.record.repeats > 0) proof.legal.push_back(std::move(turn.record));
    }
    return status;
  }

 private:
  // A variant's, over all of its steps.
  struct Turn {
    bool begun = false;
    bool told = false;  // all that is wanted is there
    LegalRecord record;
    JudgeRun run;  // of the step that is under way
    Surroundings surroundings;
  };

  absl::StatusOr<std::optional<Job>> Prepare(std::size_t i) {
    const LegalVariant& variant = *plan_.variants[i];
    Turn& turn = turns_[i];
    if (!turn.begun) RETURN_IF_ERROR(Begin(variant, turn));
    if (turn.told) return std::optional<Job>();
    const std::size_t repeats = std::min(wanted_ - turn.record.repeats, kRepeatsAtATime);
    ASSIGN_OR_RETURN(turn.run, MakeRun(variant, static_cast<int>(repeats)));
    ASSIGN_OR_RETURN(turn.surroundings, Surround(variant));
    if (turn.surroundings.quota) {
      const std::vector<std::string> quota = turn.surroundings.quota->Launcher();
      turn.run.launcher.insert(turn.run.launcher.begin(), quota.begin(), quota.end());
    }
    ASSIGN_OR_RETURN(Job job, MakeJudgeJob(turn.run));
    job.limit = std::chrono::hours(24);
    return job;
  }

  // Says at once what needs no run.
  absl::Status Begin(const LegalVariant& variant, Turn& turn) {
    turn.begun = true;
    listener_.started(variant);
    if (const absl::Status able = CheckLegalNeed(variant.need); !able.ok()) {
      turn.record = {.name = std::string(variant.name),
                     .what = std::string(variant.what),
                     .skipped = std::string(able.message())};
      Tell(turn, /*again=*/false);
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const std::string key, KeyOf(variant));
    turn.record = kept_.Load(variant, key);
    if (turn.record.repeats >= wanted_) Tell(turn, /*again=*/true);
    return absl::OkStatus();
  }

  absl::Status Done(std::size_t i, const JobEnd& end) {
    Turn& turn = turns_[i];
    turn.surroundings = {};
    const LegalRecord more = RecordOf(*plan_.variants[i], turn.run, end);
    if (!more.ok() && !plan_.reports.empty()) {
      RETURN_IF_ERROR(WriteTextTo(absl::StrCat(plan_.reports, "/", more.name, ".txt"),
                                  ReadJudgeReport(turn.run)));
    }
    AddRepeats(more, turn.record);
    RETURN_IF_ERROR(kept_.Save(turn.record));
    if (!turn.record.ok() || turn.record.repeats >= wanted_) Tell(turn, /*again=*/false);
    return absl::OkStatus();
  }

  void Tell(Turn& turn, bool again) {
    turn.told = true;
    listener_.ended(turn.record, again);
  }

  absl::StatusOr<std::string> SubjectOf(const LegalVariant& variant) const {
    if (variant.need == LegalNeed::kSanitizedShim) return SanitizedShim();
    if (!variant.program.empty()) return FindProgram(variant.program);
    return plan_.shim;
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

  absl::StatusOr<JudgeRun> MakeRun(const LegalVariant& variant, int repeats) {
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
    run.checks = plan_.checks;
    run.jobs = variant.jobs > 0 ? variant.jobs : plan_.jobs;
    run.repeat = repeats;
    run.deadline_scale = plan_.deadline_scale * variant.deadline_scale;
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
    std::vector<std::string> options = plan_.checks;
    options.push_back(absl::StrCat(plan_.deadline_scale));
    return LegalKeyOf(variant, hashes, options);
  }

  const LegalPlan& plan_;
  const LegalListener& listener_;
  const std::size_t wanted_;
  const LegalKept kept_;
  const Scratch scratch_;
  std::vector<Turn> turns_;         // as LegalPlan::variants
  std::vector<std::size_t> steps_;  // whose turn it is
};

}  // namespace

absl::Status RunLegal(const LegalPlan& plan, const LegalListener& listener, Proof& proof) {
  ASSIGN_OR_RETURN(Scratch scratch, Scratch::Make());
  return LegalRun(plan, listener, std::move(scratch)).Run(proof);
}

}  // namespace conformance
