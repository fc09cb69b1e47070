// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/runner.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "conformance/harness/attempt.h"
#include "conformance/harness/cgroup_tree.h"
#include "conformance/harness/hope.h"
#include "conformance/harness/host.h"
#include "conformance/harness/names.h"
#include "conformance/harness/plan.h"
#include "conformance/harness/profile_claims.h"

namespace conformance {
namespace {

using Clock = std::chrono::steady_clock;

// Budgets are the last resort, far above any sum of deadlines: the part that does not scale is for
// the worker itself on a busy host.
constexpr double kProbeSeconds = 30;
constexpr double kCheckSeconds = 120;
constexpr double kSoakCheckSeconds = 3600;
constexpr std::chrono::seconds kWorkerSeconds{30};
// As many calls of one check may take what a profile allows them beyond the default.
constexpr double kSlowCalls = 10;

// For a shim that cannot be started, and for one that passes none of the first checks of a long
// run: what never comes is then not waited for in each of hundreds of checks.
constexpr double kUnusableScale = 0.1;
constexpr int kUnusableJobsFactor = 8;
constexpr char kBootstrapArea[] = "bootstrap";

std::chrono::milliseconds Budget(double seconds, const Profile& profile, double scale) {
  const Profile defaults;
  const std::chrono::duration<double> slower =
      std::max({std::chrono::milliseconds(0), profile.boot_limit - defaults.boot_limit,
                profile.rpc_limit - defaults.rpc_limit});
  return kWorkerSeconds + std::chrono::milliseconds(static_cast<std::int64_t>(
                              (seconds + kSlowCalls * slower.count()) * scale * 1000));
}

double SecondsFor(const Check& check) {
  const bool soak = std::find(check.tags.begin(), check.tags.end(), kSoakTag) != check.tags.end();
  return soak ? kSoakCheckSeconds : kCheckSeconds;
}

}  // namespace

class Runner::Impl {
 public:
  Impl(boost::asio::io_context& loop, base::ChildReaper& reaper, RunnerConfig config,
       std::vector<Report*> reports, Done done)
      : loop_(loop),
        reaper_(reaper),
        config_(std::move(config)),
        reports_(std::move(reports)),
        done_(std::move(done)),
        scale_(config_.info.deadline_scale),
        jobs_(config_.info.jobs),
        hope_(config_.info.plan.size(), config_.first) {}

  void Start() {
    started_ = Clock::now();
    attempts_.resize(plan().size());
    results_.resize(plan().size());
    for (const PlannedCheck& planned : plan()) {
      owed_.push_back(planned.skip ? 0 : static_cast<std::size_t>(config_.info.repeat));
    }
    for (Report* report : reports_) report->RunStarted(config_.info);
    if (!config_.info.profile.engine.empty()) {
      engine_query_ = EngineVersion::Ask(
          loop_, reaper_, config_.info.profile.engine, [this](std::string version) {
            engine_ = absl::StrCat(config_.info.engine_kind, ": ", version);
            engine_known_ = true;
            BeginWhenKnown();
          });
    } else {
      engine_known_ = true;
    }
    StartProbe();
  }

  void Interrupt() {
    if (finished_) return;
    outcome_.summary.interrupted = true;
    Stop();
  }

 private:
  const std::vector<PlannedCheck>& plan() const { return config_.info.plan; }

  WorkerJob MakeJob(std::uint64_t seed) {
    WorkerJob job;
    job.world = config_.world;
    ++worlds_;
    if (!config_.run_dir.empty()) {
      job.world.cgroup_parent = absl::StrCat(config_.run_dir, "/", worlds_);
    }
    job.world.seed = seed;
    job.world.deadline_scale = scale_;
    job.profile = config_.info.profile;
    return job;
  }

  void StartProbe() {
    auto worker = WorkerProcess::Start(loop_, reaper_, config_.worker, MakeJob(config_.info.seed),
                                       Budget(kProbeSeconds, config_.info.profile, scale_),
                                       [this](WorkerEnd end) { ProbeEnded(std::move(end)); });
    if (!worker.ok()) return EndUnfit(worker.status());
    probe_ = *std::move(worker);
  }

  void ProbeEnded(WorkerEnd end) {
    probe_.reset();
    const bool reported = end.report.has_value() && end.protocol_error.empty();
    if (reported && end.report->kind == WorkerMessage::Kind::kProbe) {
      subject_ = std::move(end.report->subject);
    } else if (end.killed) {
      return Finish();
    } else if (reported && end.report->kind == WorkerMessage::Kind::kFailed) {
      return EndUnfit(absl::FailedPreconditionError(end.report->text));
    } else if (end.over_budget && !end.waiting_for.empty()) {
      subject_.legacy.problem = absl::StrCat("no end of: ", end.waiting_for);
      subject_.params.problem = subject_.legacy.problem;
    } else {
      outcome_.summary.harness_problems.push_back(
          absl::StrCat("the probe failed: ", end.protocol_error, " ", end.error_text));
      return Finish();
    }
    probed_ = true;
    BeginWhenKnown();
  }

  void BeginWhenKnown() {
    if (!probed_ || !engine_known_ || begun_ || finished_) return;
    begun_ = true;
    for (Report* report : reports_) report->Probed(subject_, engine_);
    outcome_.summary.broken_claims = BrokenClaims(config_.info.profile, subject_);
    std::vector<Execution> schedule = MakeSchedule(plan(), config_.info.repeat, config_.shuffle,
                                                   config_.info.seed, config_.first);
    queue_.assign(schedule.begin(), schedule.end());
    for (std::size_t i = 0; i < plan().size(); ++i) {
      if (plan()[i].skip) Complete(i);
    }
    if (!subject_.usable()) FailAllButBootstrap();
    Pump();
  }

  void Hurry() {
    scale_ *= kUnusableScale;
    jobs_ *= kUnusableJobsFactor;
  }

  void FailAllButBootstrap() {
    Hurry();
    for (const Execution& execution : std::exchange(queue_, {})) {
      const PlannedCheck& planned = plan()[execution.index];
      if (AreaOf(planned.check->id) == kBootstrapArea) {
        queue_.push_back(execution);
      } else {
        AddAttempt(execution, StartFailedAttempt(*planned.check, subject_, execution.seed));
      }
    }
  }

  void Pump() {
    while (!stopping_ && !queue_.empty() && running_.size() < static_cast<std::size_t>(jobs_)) {
      const Execution execution = queue_.front();
      queue_.pop_front();
      StartExecution(execution);
    }
    if (!running_.empty()) return;
    if (!stopping_ && queue_.empty() && StartNextRound()) return Pump();
    if (stopping_ || queue_.empty()) Finish();
  }

  [[nodiscard]] bool open_ended() const { return config_.until_fail || config_.soak.count() > 0; }

  // Whether there is one.
  bool StartNextRound() {
    if (!open_ended() || no_more_rounds_ || !subject_.usable()) return false;
    if (config_.soak.count() > 0 && Clock::now() - started_ >= config_.soak) return false;
    ++round_;
    std::optional<std::uint64_t> shuffle = config_.shuffle;
    if (shuffle) *shuffle += static_cast<std::uint64_t>(round_);
    for (Execution execution : MakeSchedule(plan(), 1, shuffle, config_.info.seed, config_.first)) {
      execution.number = round_;
      execution.seed = SeedOf(config_.info.seed, round_);
      ++owed_[execution.index];
      queue_.push_back(execution);
    }
    return !queue_.empty();
  }

  void StartExecution(const Execution& execution) {
    const PlannedCheck& planned = plan()[execution.index];
    WorkerJob job = MakeJob(execution.seed);
    job.check = planned.check->id;
    job.subject = subject_;
    for (Report* report : reports_) report->CheckStarted(planned);
    const std::size_t key = worlds_;
    auto worker = WorkerProcess::Start(
        loop_, reaper_, config_.worker, job,
        Budget(SecondsFor(*planned.check), config_.info.profile, scale_),
        [this, key, execution](WorkerEnd end) { ExecutionEnded(key, execution, std::move(end)); });
    if (!worker.ok()) {
      WorkerEnd end;
      end.report = WorkerMessage{.kind = WorkerMessage::Kind::kFailed,
                                 .text = std::string(worker.status().message())};
      AddAttempt(execution, JudgeAttempt(*planned.check, std::move(end), execution.seed));
      return;
    }
    running_[key] = *std::move(worker);
  }

  void ExecutionEnded(std::size_t key, const Execution& execution, WorkerEnd end) {
    running_.erase(key);
    AddAttempt(execution,
               JudgeAttempt(*plan()[execution.index].check, std::move(end), execution.seed));
    Pump();
  }

  void AddAttempt(const Execution& execution, Attempt attempt) {
    const PlannedCheck& planned = plan()[execution.index];
    attempt.number = execution.number;
    for (Report* report : reports_) report->AttemptEnded(planned, attempt);
    // An unusable shim is in a hurry already.
    const bool hopeless = hope_.LostWith(planned, attempt.number, attempt.verdict);
    if (hopeless && subject_.usable()) Hurry();
    attempt.story = {};  // for the recording alone
    std::vector<Attempt>& attempts = attempts_[execution.index];
    if (!attempts.empty() && attempt.verdict == Verdict::kPass) {
      // Thousands of repeats: what a further pass looked like, nobody asks.
      attempt.history = {};
      attempt.shim_log = {};
    }
    attempts.push_back(std::move(attempt));
    ++outcome_.summary.attempts_done;
    if (open_ended()) return LookAtRound(execution.index);
    if (attempts.size() == owed_[execution.index] && !Retry(execution.index)) {
      Complete(execution.index);
    }
  }

  // The latest attempt of an open-ended run; the checks are complete when the run is over.
  void LookAtRound(std::size_t index) {
    const CheckResult latest = Fold(index, plan()[index], {attempts_[index].back()});
    if (!config_.until_fail || (!latest.unexpected && latest.result != Result::kError)) return;
    no_more_rounds_ = true;
    for (const Execution& execution : std::exchange(queue_, {})) {
      outcome_.summary.stopped_early = true;
      // Those of the first round are left as not run.
      if (owed_[execution.index] > 1) --owed_[execution.index];
    }
  }

  // Puts one more execution of an unexpected check at the head of the queue, if it has one left.
  bool Retry(std::size_t index) {
    const std::size_t most = static_cast<std::size_t>(config_.info.repeat) +
                             static_cast<std::size_t>(config_.retry_unexpected);
    if (stopping_ || !subject_.usable() || owed_[index] >= most) return false;
    const CheckResult so_far = Fold(index, plan()[index], attempts_[index]);
    if (!so_far.unexpected || so_far.result == Result::kFlaky) return false;
    const int number = static_cast<int>(++owed_[index]);
    queue_.push_front(
        {.index = index, .number = number, .seed = SeedOf(config_.info.seed, number)});
    return true;
  }

  // All attempts of a check are there.
  void Complete(std::size_t index) {
    CheckResult result = Fold(index, plan()[index], std::move(attempts_[index]));
    outcome_.summary.counts.Add(result);
    for (Report* report : reports_) report->CheckEnded(result);
    if (result.unexpected && ++unexpected_ == config_.fail_fast) {
      outcome_.summary.stopped_early = true;
      queue_.clear();
      Stop();
    }
    results_[index] = std::move(result);
  }

  void Stop() {
    if (stopping_) return;
    stopping_ = true;
    queue_.clear();
    engine_known_ = true;
    engine_query_.reset();
    if (probe_ != nullptr) return probe_->Kill();
    for (auto& [key, worker] : running_) worker->Kill();
    if (running_.empty() && !begun_) Finish();
  }

  // Nothing runs any more.
  void Finish() {
    if (finished_) return;
    finished_ = true;
    Summary& summary = outcome_.summary;
    summary.planned = plan().size();
    summary.stale_expectations = config_.stale_expectations;
    for (std::size_t i = 0; i < plan().size(); ++i) {
      summary.attempts_planned += owed_[i];
      if (!results_[i]) CompleteNotRun(i);
    }
    RefuseSkips();
    for (std::optional<CheckResult>& result : results_) {
      outcome_.results.push_back(*std::move(result));
    }
    RemoveCgroups();
    outcome_.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_);
    const std::size_t told = NoteReportProblems(0);
    for (Report* report : reports_) {
      report->RunEnded(summary, outcome_.results, outcome_.took);
    }
    NoteReportProblems(told);  // of the last writes: only the exit code can still tell
    std::exchange(done_, nullptr)(outcome_);
  }

  void RefuseSkips() {
    if (!config_.strict) return;
    for (const std::optional<CheckResult>& result : results_) {
      const bool host = result->result == Result::kSkip && result->skip_kind() == SkipKind::kHost;
      outcome_.summary.refused_skips += host ? 1 : 0;
    }
  }

  // Adds what reports could not write, but for the first `known` of them. Returns how many there
  // are.
  std::size_t NoteReportProblems(std::size_t known) {
    std::size_t count = 0;
    for (const Report* report : reports_) {
      const absl::Status status = report->status();
      if (status.ok() || ++count <= known) continue;
      outcome_.summary.harness_problems.emplace_back(status.message());
    }
    return count;
  }

  void CompleteNotRun(std::size_t index) {
    std::vector<Attempt>& attempts = attempts_[index];
    std::set<int> done;
    for (const Attempt& one : attempts) done.insert(one.number);
    outcome_.summary.attempts_done += owed_[index] - attempts.size();
    Attempt attempt;
    attempt.seed = config_.info.seed;
    attempt.whys = {
        {.code = why::kInterrupted,
         .text = outcome_.summary.interrupted ? "the run was interrupted" : "the run ended early"}};
    for (; attempts.size() < owed_[index]; ++attempt.number) {
      if (done.count(attempt.number) == 0) attempts.push_back(attempt);
    }
    Complete(index);
  }

  void RemoveCgroups() {
    const absl::StatusOr<CgroupTree> tree = CgroupTree::Open(config_.run_dir);
    if (!tree.ok()) return;
    for (const std::string& left : tree->Remove()) {
      outcome_.summary.harness_problems.push_back(absl::StrCat("left on the host: ", left));
    }
  }

  void EndUnfit(absl::Status status) {
    finished_ = true;
    engine_query_.reset();
    outcome_.unfit = std::move(status);
    std::exchange(done_, nullptr)(outcome_);
  }

  boost::asio::io_context& loop_;
  base::ChildReaper& reaper_;
  RunnerConfig config_;
  std::vector<Report*> reports_;
  Done done_;
  double scale_;
  int jobs_;
  Hope hope_;
  Clock::time_point started_;

  std::unique_ptr<WorkerProcess> probe_;
  std::unique_ptr<EngineVersion> engine_query_;
  SubjectInfo subject_;
  std::string engine_;
  bool probed_ = false;
  bool engine_known_ = false;
  bool begun_ = false;
  bool stopping_ = false;
  bool finished_ = false;

  std::size_t worlds_ = 0;
  std::size_t unexpected_ = 0;
  int round_ = 1;
  bool no_more_rounds_ = false;
  std::deque<Execution> queue_;
  std::map<std::size_t, std::unique_ptr<WorkerProcess>> running_;  // by number of the world
  std::vector<std::size_t> owed_;                    // executions, by index in the plan
  std::vector<std::vector<Attempt>> attempts_;       // by index in the plan
  std::vector<std::optional<CheckResult>> results_;  // by index in the plan
  RunOutcome outcome_;
};

Runner::Runner(boost::asio::io_context& loop, base::ChildReaper& reaper, RunnerConfig config,
               std::vector<Report*> reports, Done done)
    : impl_(std::make_unique<Impl>(loop, reaper, std::move(config), std::move(reports),
                                   std::move(done))) {}
Runner::~Runner() = default;
void Runner::Start() { impl_->Start(); }
void Runner::Interrupt() { impl_->Interrupt(); }

}  // namespace conformance
