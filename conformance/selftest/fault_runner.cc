// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/fault_runner.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "base/sha256.h"
#include "base/status_macros.h"
#include "conformance/selftest/first_screen.h"
#include "conformance/selftest/programs.h"
#include "conformance/selftest/proof_file.h"
#include "conformance/selftest/rehearsal.h"

namespace conformance {
namespace {

// Every process of a rehearsal has hundreds of faults to look out for.
constexpr double kRehearsalPatience = 4;

// A plan file: hundreds of ids are too long for a command line that people read.
absl::Status GivePlan(const std::vector<std::string>& ids, JudgeRun& run) {
  const std::string path = absl::StrCat(run.directory, "/plan.txt");
  RETURN_IF_ERROR(WriteTextTo(path, absl::StrJoin(ids, "\n") + "\n"));
  run.options.insert(run.options.end(), {"--plan", path});
  return absl::OkStatus();
}

// The options of `run` for a fault: its profile, unless the plan has one.
std::vector<std::string> OptionsOf(const FaultRow& row, const FaultPlan& plan) {
  std::vector<std::string> options = plan.options;
  const bool given = std::find(options.begin(), options.end(), "--profile") != options.end();
  if (!given && !row.fault->profile.empty()) {
    options.insert(options.end(), {"--profile", std::string(row.fault->profile)});
  }
  return options;
}

// "skip" is no red: a check that the healthy subject is not judged by says nothing about a fault,
// which shows in the fault's own cells.
bool IsRed(const CheckResult& result) {
  return result.result != Result::kPass && result.result != Result::kSkip;
}

class FaultRun {
 public:
  FaultRun(const FaultPlan& plan, const FaultListener& listener, Scratch scratch, Proof& proof)
      : plan_(plan), listener_(listener), scratch_(std::move(scratch)), proof_(proof) {}

  absl::Status Run() {
    RETURN_IF_ERROR(HashPrograms());
    LoadKept();
    RETURN_IF_ERROR(Rehearse());
    RETURN_IF_ERROR(JudgeHealthy());
    runs_.resize(plan_.rows.size());
    const JobList jobs = {
        .count = plan_.rows.size(),
        .prepare = [this](std::size_t i) { return Prepare(i); },
        .done = [this](std::size_t i, const JobEnd& end) { return Done(i, end); }};
    listener_.phase("faults");
    const absl::Status status = RunJobs(jobs, plan_.jobs);
    for (std::optional<FaultRecord>& record : records_) {
      if (record) proof_.faults.push_back(*std::move(record));
    }
    proof_.not_begun = not_begun_;
    return status;
  }

 private:
  // Where a rehearsal is held: the seam, and the options of `run`.
  using Stage = std::pair<fakes::KnownFaultSeam, std::vector<std::string>>;

  absl::Status HashPrograms() {
    std::map<std::string, std::string> hashes;
    records_.resize(plan_.rows.size());
    for (const FaultRow& row : plan_.rows) {
      std::vector<std::string> own;
      if (row.fault->equivalent.empty()) {
        ASSIGN_OR_RETURN(const std::vector<std::string> programs, ProgramsOf(row.seam, plan_.shim));
        for (const std::string& program : programs) {
          std::string& hash = hashes[program];
          if (hash.empty()) hash = HashOf(program);
          own.push_back(hash);
        }
      }
      keys_.push_back(KeyOf(row, plan_, own));
      row_keys_.push_back(KeyOf(row, plan_, {}));
    }
    return absl::OkStatus();
  }

  std::string KeptPath(std::size_t i) const {
    const FaultRow& row = plan_.rows[i];
    return absl::StrCat(plan_.keep, "/", fakes::KnownFaultSeamName(row.seam), ".", row.fault->name,
                        ".json");
  }

  void LoadKept() {
    for (std::size_t i = 0; i < plan_.rows.size(); ++i) {
      if (!plan_.rows[i].fault->equivalent.empty()) {
        records_[i] = BlankRecord(plan_.rows[i]);
        listener_.ended(*records_[i], true);
        continue;
      }
      if (plan_.keep.empty()) continue;
      absl::StatusOr<FaultRecord> kept = ParseFaultRecord(TextOf(KeptPath(i)), KeptPath(i));
      // What has not been proven may have been bad luck: it gets another chance.
      if (!kept.ok() || !IsProven(*kept)) continue;
      kept->earlier = kept->key != keys_[i];
      if (kept->earlier && (!plan_.keep_earlier || kept->row_key != row_keys_[i])) continue;
      records_[i] = *std::move(kept);
      listener_.ended(*records_[i], true);
    }
  }

  // What the checks that every fault meets have occasion for. Needs no run for rows alone.
  absl::Status Rehearse() {
    if (plan_.checks.empty()) return absl::OkStatus();
    for (std::size_t i = 0; i < plan_.rows.size(); ++i) {
      if (records_[i]) continue;
      const Stage stage{plan_.rows[i].seam, OptionsOf(plan_.rows[i], plan_)};
      if (rehearsals_.count(stage) > 0) continue;
      ASSIGN_OR_RETURN(rehearsals_[stage], RehearseAt(stage));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Rehearsal> RehearseAt(const Stage& stage) {
    ASSIGN_OR_RETURN(const std::string path, KeptPath(stage));
    if (const std::string kept = TextOf(path); !kept.empty()) return Rehearsal::Parse(kept);
    listener_.phase(absl::StrCat("rehearsal of the faults of the seam ",
                                 fakes::KnownFaultSeamName(stage.first)));
    ASSIGN_OR_RETURN(const std::string directory,
                     scratch_.MakeDirectory(absl::StrCat("rehearsal", rehearsals_.size())));
    ASSIGN_OR_RETURN(JudgeRun run, MakeRehearsal(directory, stage.first, plan_.shim, plan_.engine));
    run.options = stage.second;
    run.jobs = std::max(plan_.jobs, plan_.jobs_each);
    run.deadline_scale = kRehearsalPatience * plan_.deadline_scale;
    RETURN_IF_ERROR(GivePlan(plan_.checks, run));
    RETURN_IF_ERROR(
        RunJob(run, [&](const JobEnd& end) { return ReadJudgeResult(run, end).status(); }));
    Rehearsal rehearsal = Rehearsal::Parse(TextOf(JournalIn(directory)));
    if (!plan_.keep.empty()) RETURN_IF_ERROR(WriteTextTo(path, rehearsal.Format()));
    return rehearsal;
  }

  // "": nothing is kept.
  absl::StatusOr<std::string> KeptPath(const Stage& stage) const {
    if (plan_.keep.empty()) return std::string();
    ASSIGN_OR_RETURN(const std::vector<std::string> programs, ProgramsOf(stage.first, plan_.shim));
    std::string text = absl::StrCat(plan_.engine, "\n", absl::StrJoin(stage.second, "\n"), "\n",
                                    absl::StrJoin(plan_.checks, "\n"), "\n");
    for (const std::string& program : programs) absl::StrAppend(&text, HashOf(program), "\n");
    return absl::StrCat(plan_.keep, "/rehearsal.", base::Sha256Hex(text).substr(0, 16), ".txt");
  }

  // The ids a fault is judged by: its own, then those that every fault meets, where it may show.
  std::vector<std::string> ChecksOf(const FaultRow& row) const {
    std::vector<std::string> ids;
    for (const fakes::ExpectedKill& kill : row.fault->kills) ids.emplace_back(kill.check);
    if (plan_.checks.empty()) return ids;
    const Rehearsal& rehearsal = rehearsals_.at({row.seam, OptionsOf(row, plan_)});
    for (const std::string& id : plan_.checks) {
      const bool own = std::find(ids.begin(), ids.end(), id) != ids.end();
      if (!own && rehearsal.Reaches(row.fault->name, id)) ids.push_back(id);
    }
    return ids;
  }

  // Once for each set of options, with all the checks that faults to come are judged by.
  absl::Status JudgeHealthy() {
    std::map<std::vector<std::string>, std::vector<std::string>> ids_of;
    for (std::size_t i = 0; i < plan_.rows.size(); ++i) {
      if (records_[i]) continue;
      std::vector<std::string>& ids = ids_of[OptionsOf(plan_.rows[i], plan_)];
      for (std::string& id : ChecksOf(plan_.rows[i])) {
        if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
      }
    }
    int number = 0;
    for (const auto& [options, ids] : ids_of) {
      RETURN_IF_ERROR(JudgeHealthy(options, ids, absl::StrCat("healthy", ++number)));
    }
    return absl::OkStatus();
  }

  absl::Status JudgeHealthy(const std::vector<std::string>& options,
                            const std::vector<std::string>& ids, const std::string& directory) {
    listener_.phase(absl::StrCat("healthy shim, ", ids.size(), " checks"));
    JudgeRun run;
    ASSIGN_OR_RETURN(run.directory, scratch_.MakeDirectory(directory));
    run.shim = plan_.shim;
    run.engine = plan_.engine;
    run.options = options;
    run.jobs = std::max(plan_.jobs, plan_.jobs_each);
    run.deadline_scale = plan_.deadline_scale;
    RETURN_IF_ERROR(GivePlan(ids, run));
    return RunJob(run, [&](const JobEnd& end) { return TakeHealthy(run, end); });
  }

  static absl::Status RunJob(const JudgeRun& run,
                             const std::function<absl::Status(const JobEnd&)>& done) {
    return RunJobs({.count = 1,
                    .prepare = [&](std::size_t) -> absl::StatusOr<std::optional<Job>> {
                      ASSIGN_OR_RETURN(Job job, MakeJudgeJob(run));
                      return job;
                    },
                    .done = [&](std::size_t, const JobEnd& end) { return done(end); }},
                   1);
  }

  absl::Status TakeHealthy(const JudgeRun& run, const JobEnd& end) {
    ASSIGN_OR_RETURN(const ResultFile result, ReadJudgeResult(run, end));
    for (const CheckResult& check : result.finished().results) {
      if (!IsRed(check)) continue;
      const std::string& id = check.planned.check->id;
      proof_.healthy_red.push_back(id);
      healthy_red_.insert(id);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<Job>> Prepare(std::size_t i) {
    if (records_[i]) return std::optional<Job>();
    if (plan_.budget.count() > 0 && Clock::now() - started_ > plan_.budget) {
      ++not_begun_;
      return std::optional<Job>();
    }
    const FaultRow& row = plan_.rows[i];
    ASSIGN_OR_RETURN(const std::string directory, scratch_.MakeDirectory(absl::StrCat("f", i)));
    ASSIGN_OR_RETURN(runs_[i], MakeFaultyRun(directory, row, plan_.shim, plan_.engine));
    JudgeRun& run = runs_[i];
    run.options = OptionsOf(row, plan_);
    run.repeat = plan_.repeat;
    run.jobs = plan_.jobs_each;
    run.deadline_scale = plan_.deadline_scale;
    RETURN_IF_ERROR(GivePlan(ChecksOf(row), run));
    listener_.started(row);
    ASSIGN_OR_RETURN(Job job, MakeJudgeJob(run));
    return job;
  }

  absl::Status Done(std::size_t i, const JobEnd& end) {
    const FaultRow& row = plan_.rows[i];
    const JudgeRun& run = runs_[i];
    const absl::StatusOr<ResultFile> result = ReadJudgeResult(run, end);
    FaultRecord record = BlankRecord(row);
    if (result.ok()) {
      record = RecordOf(row, *result, ReadJudgeReport(run), CountLines(JournalIn(run.directory)),
                        healthy_red_);
    } else {
      record.problem = std::string(result.status().message());
    }
    if (!plan_.checks.empty()) record.also_not_reached += NotReachedBy(row);
    record.key = keys_[i];
    record.row_key = row_keys_[i];
    record.ms = end.took.count();
    if (!plan_.keep.empty()) RETURN_IF_ERROR(WriteTextTo(KeptPath(i), FormatFaultRecord(record)));
    listener_.ended(record, false);
    records_[i] = std::move(record);
    std::error_code error;
    std::filesystem::remove_all(run.directory, error);
    return absl::OkStatus();
  }

  std::size_t NotReachedBy(const FaultRow& row) const {
    const std::vector<std::string> ids = ChecksOf(row);
    return static_cast<std::size_t>(std::count_if(
        plan_.checks.begin(), plan_.checks.end(),
        [&](const std::string& id) { return std::find(ids.begin(), ids.end(), id) == ids.end(); }));
  }

  const FaultPlan& plan_;
  const FaultListener& listener_;
  Scratch scratch_;
  Proof& proof_;
  std::vector<std::string> keys_;
  std::vector<std::string> row_keys_;
  std::vector<std::optional<FaultRecord>> records_;
  std::vector<JudgeRun> runs_;
  std::map<Stage, Rehearsal> rehearsals_;
  std::set<std::string> healthy_red_;
  using Clock = std::chrono::steady_clock;
  const Clock::time_point started_ = Clock::now();
  std::size_t not_begun_ = 0;
};

}  // namespace

absl::Status RunFaults(const FaultPlan& plan, const FaultListener& listener, Proof& proof) {
  ASSIGN_OR_RETURN(Scratch scratch, Scratch::Make());
  return FaultRun(plan, listener, std::move(scratch), proof).Run();
}

FaultRecord BlankRecord(const FaultRow& row) {
  FaultRecord record;
  record.seam = std::string(fakes::KnownFaultSeamName(row.seam));
  record.name = std::string(row.fault->name);
  record.what = std::string(row.fault->what);
  record.origin = std::string(row.fault->origin);
  record.equivalent = std::string(row.fault->equivalent);
  return record;
}

FaultRecord RecordOf(const FaultRow& row, const ResultFile& result, const std::string& report,
                     std::size_t firings, const std::set<std::string>& healthy_red) {
  FaultRecord record = BlankRecord(row);
  record.firings = firings;
  std::set<std::string> named;
  const auto add = [&](const std::string& check, absl::string_view expected) {
    Cell cell = MakeCell(check, expected, result.Find(check));
    if (healthy_red.count(check) > 0) {
      cell.kind = CellKind::kNotReached;
      cell.detail = "red on the healthy subject too";
    }
    const bool told =
        !expected.empty() || cell.kind == CellKind::kOtherwise || cell.kind == CellKind::kUnstable;
    if (told) return record.cells.push_back(std::move(cell));
    ++(cell.kind == CellKind::kSurvived ? record.also_green : record.also_not_reached);
  };
  for (const fakes::ExpectedKill& kill : row.fault->kills) {
    named.insert(std::string(kill.check));
    add(std::string(kill.check), kill.why);
  }
  for (const CheckResult& check : result.finished().results) {
    if (named.count(check.planned.check->id) == 0) add(check.planned.check->id, "");
  }
  for (const Cell& cell : record.cells) {
    if (cell.expected.empty() || cell.kind != CellKind::kIntended) continue;
    // Reports show no evidence of what a shim need not do.
    if (cell.verdict == VerdictName(Verdict::kSkip)) break;
    record.first_screen = FirstScreenProblem(report, cell.check);
    break;
  }
  return record;
}

std::string KeyOf(const FaultRow& row, const FaultPlan& plan,
                  const std::vector<std::string>& program_hashes) {
  const fakes::KnownFault& fault = *row.fault;
  std::string text = absl::StrCat("1\n", fault.name, "\n", absl::StrJoin(fault.rules, "\n"), "\n",
                                  plan.repeat, " ", plan.deadline_scale, " ", plan.engine, "\n",
                                  absl::StrJoin(OptionsOf(row, plan), "\n"), "\n",
                                  absl::StrJoin(program_hashes, "\n"), "\n");
  for (const fakes::ExpectedKill& kill : fault.kills) {
    absl::StrAppend(&text, kill.check, " ", kill.why, "\n");
  }
  absl::StrAppend(&text, absl::StrJoin(plan.checks, "\n"));
  return base::Sha256Hex(text).substr(0, 16);
}

}  // namespace conformance
