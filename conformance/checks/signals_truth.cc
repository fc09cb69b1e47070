// SPDX-License-Identifier: Apache-2.0
// How a process ended, told by Wait, State, Delete and the exit event, compared with each other and
// with what a pidfd shows.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <random>

#include "conformance/checks/bootstrap_support.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/checks/signals.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/host_pids.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::Eq;
using ::testing::Ge;
using ::testing::Le;

constexpr int kSignals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGABRT, SIGKILL,
                            SIGSEGV, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1};
constexpr std::size_t kCodesByChance = 32;
constexpr std::size_t kExecsTogether = 8;

// --- every status --------------------------------------------------------------------------------

std::unique_ptr<PendingReply> StartAsync(const Exec& exec, ShimUnderTest& shim) {
  ::containerd::task::v3::StartRequest request;
  request.set_id(exec.id());
  request.set_exec_id(exec.exec_id());
  return shim.CallAsync("Start", request.SerializeAsString());
}

// Runs one exec per code, several at a time, so that their exits mix.
void ExpectExitCodes(CheckContext& check, const std::vector<std::uint32_t>& codes) {
  const Task task = check.Run(Program("pause"));
  for (std::size_t from = 0; from < codes.size(); from += kExecsTogether) {
    const std::size_t to = std::min(codes.size(), from + kExecsTogether);
    std::vector<Exec> execs;
    std::vector<std::unique_ptr<PendingReply>> starts;
    for (std::size_t i = from; i < to; ++i) {
      execs.push_back(check.Require(task.AddExec(Program("exit_code", absl::StrCat(codes[i])))));
      starts.push_back(StartAsync(execs.back(), task.shim()));
    }
    for (std::size_t i = from; i < to; ++i) {
      check.Require(starts[i - from]->Get().status());
      check.EXPECT_THAT(execs[i - from].Wait(), IsOkAndHolds(ExitedWith(codes[i])));
      check.EXPECT_THAT(execs[i - from].Delete(), IsOkAndHolds(ExitedWith(codes[i])));
    }
  }
}

std::vector<std::uint32_t> AllCodes() {
  std::vector<std::uint32_t> codes(256);
  std::iota(codes.begin(), codes.end(), 0u);
  return codes;
}

void ExitCodesByChance(CheckContext& check) {
  std::vector<std::uint32_t> codes = AllCodes();
  std::mt19937_64 random(check.Seed());
  std::shuffle(codes.begin(), codes.end(), random);
  codes.resize(kCodesByChance);
  ExpectExitCodes(check, codes);
}

void AllExitCodes(CheckContext& check) { ExpectExitCodes(check, AllCodes()); }

// --- one end, told everywhere alike --------------------------------------------------------------

std::optional<Event> ExitEvent(CheckContext& check, const std::string& id,
                               const std::string& exec_id) {
  const auto find = [&](const std::vector<Event>& all) -> std::optional<Event> {
    for (const Event& event : ForProcess(all, id, exec_id)) {
      if (event.topic == "/tasks/exit") return event;
    }
    return std::nullopt;
  };
  return find(
      check.AwaitEvents([&](const std::vector<Event>& all) { return find(all).has_value(); }));
}

// `process` is a Task or an Exec that was made to end after `ended_after`.
template <typename Process>
void ExpectOneTruth(CheckContext& check, const Process& process, const std::string& exec_id,
                    std::uint32_t status, std::int64_t ended_after, const std::string& what) {
  const ExitInfo waited = check.Require(process.Wait(), {.text = "Wait for " + what});
  const std::int64_t known = UnixNow();
  check.EXPECT_THAT(
      process.ProcessGone(), Eq(true),
      {.text = absl::StrCat("Wait returned: ", what, " is gone"), .code = why::kProcessState});
  check.EXPECT_THAT(waited, ExitedWith(status), {.text = "Wait for " + what});
  check.EXPECT_THAT(waited.exited_at_ns, AllOf(Ge(ended_after), Le(known)),
                    {.text = absl::StrCat("exited_at lies between the cause and the knowledge of ",
                                          "the end of ", what),
                     .code = why::kExitStatus,
                     .requirement = "TASK-08"});
  const std::uint32_t pid = static_cast<std::uint32_t>(process.pid());
  const auto agree = [&](const ExitInfo& told, const char* who) {
    check.EXPECT_THAT(
        told.exit_status, Eq(waited.exit_status),
        {.text = absl::StrCat(who, " as Wait, for ", what), .code = why::kExitStatus});
    check.EXPECT_THAT(told.exited_at_ns, Eq(waited.exited_at_ns),
                      {.text = absl::StrCat("time in ", who, " as in Wait, for ", what),
                       .code = why::kExitStatus});
    check.EXPECT_THAT(told.pid, Eq(pid), {.text = absl::StrCat("pid in ", who, " for ", what)});
  };
  const StateInfo state = check.Require(process.State());
  check.EXPECT_THAT(state, HasStatus(TaskStatus::kStopped), {.requirement = "STATE-04"});
  agree({state.pid, state.exit_status, state.exited_at_ns}, "State");
  const std::optional<Event> event = ExitEvent(check, process.id(), exec_id);
  check.ASSERT_THAT(event.has_value(), Eq(true),
                    {.text = "the exit event of " + what, .code = why::kEventMissing});
  agree({event->pid, event->exit_status, event->exited_at_ns}, "the exit event");
  agree(check.Require(process.Delete()), "Delete");
}

// Engines of WebAssembly take the signals of faults for traps of their guest, and one from outside
// for nothing.
bool IsTakenByAnEngine(int signo, const Bundle& bundle) {
  const std::string config = ReadWholeFile(bundle.path + "/config.json");
  // By itself, or with the function to be called: "/pause.wasm#_start".
  return signo == SIGSEGV &&
         (absl::StrContains(config, ".wasm\"") || absl::StrContains(config, ".wasm#"));
}

void EveryDeathOfAnInit(CheckContext& check) {
  CreateOptions options;
  options.bundle.private_pid_namespace = false;  // where an init is protected from signals
  options.shim = &check.Shim();
  for (const int signo : kSignals) {
    const Task task = check.Run(Program("pause", "--ready"), options);
    check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                      {.text = "the output has \"ready\"", .code = why::kOutputLost});
    if (IsTakenByAnEngine(signo, task.bundle())) continue;
    const std::int64_t before = UnixNow();
    check.Require(task.Kill(signo));
    ExpectOneTruth(check, task, "", 128u + static_cast<std::uint32_t>(signo), before,
                   absl::StrCat("an init killed by signal ", signo));
  }
}

void EveryWayAnInitEnds(CheckContext& check) {
  CreateOptions options;
  options.shim = &check.Shim();
  std::int64_t before = UnixNow();
  const Task own = check.Run(Program("exit_code", "7"), options);
  ExpectOneTruth(check, own, "", 7, before, "an init that exits by itself");

  const Task killed = check.Run(Program("pause"), options);
  before = UnixNow();
  check.Require(killed.Kill(SIGKILL));
  ExpectOneTruth(check, killed, "", 137, before, "an init killed by Kill");

  const Task struck = check.Run(Program("pause"), options);
  before = UnixNow();
  check.ASSERT_THAT(::kill(struck.pid(), SIGKILL), Eq(0), {.code = why::kHarness});
  ExpectOneTruth(check, struck, "", 137, before, "an init killed behind the shim's back");
}

void EveryWayAnExecEnds(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  std::int64_t before = UnixNow();
  const Exec own = check.Require(task.AddExec(Program("exit_code", "7")));
  check.Require(own.Start());
  ExpectOneTruth(check, own, own.exec_id(), 7, before, "an exec that exits by itself");

  const Exec killed = check.Require(task.AddExec(Program("pause")));
  check.Require(killed.Start());
  before = UnixNow();
  check.Require(killed.Kill(SIGKILL));
  ExpectOneTruth(check, killed, killed.exec_id(), 137, before, "an exec killed by Kill");

  const Exec struck = check.Require(task.AddExec(Program("pause")));
  check.Require(struck.Start());
  before = UnixNow();
  check.ASSERT_THAT(::kill(struck.pid(), SIGKILL), Eq(0), {.code = why::kHarness});
  ExpectOneTruth(check, struck, struck.exec_id(), 137, before,
                 "an exec killed behind the shim's back");
}

// --- what lives is not told to be dead -----------------------------------------------------------

void TheLivingAreNotToldDead(CheckContext& check) {
  const Task task = check.Run(Program("wait_for_signal", "--stay"));
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  for (const int signo : {SIGTERM, SIGINT, SIGHUP}) {
    check.Require(task.Kill(signo));
    check.ASSERT_THAT(task.stdio().AwaitOutput(absl::StrCat("signal ", signo, "\n")), Eq(true),
                      {.text = "the program tells of the signal", .code = why::kProcessState});
  }
  check.ASSERT_THAT(task.ProcessGone(), Eq(false),
                    {.text = "its process still runs", .code = why::kHarness});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.EXPECT_THAT(wait->done(), Eq(false),
                    {.text = "Wait returned for a process that lives", .code = why::kExitStatus});
  check.Require(task.Kill(SIGKILL));
  check.EXPECT_THAT(AsExit(wait->Get()), IsOkAndHolds(ExitedWith(137)));
}

}  // namespace

void AddExitTruthChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  const std::vector<Check> rows = {
      {.id = "signals-reap/reports-exit-codes-by-chance",
       .requirements = {"EXIT-01", "REAP-08"},
       .needs = exec,
       .run = ExitCodesByChance},
      {.id = "signals-reap/reports-all-256-exit-codes",
       .requirements = {"EXIT-01", "REAP-08"},
       .tags = {kSoakTag, "slow"},
       .needs = exec,
       .run = AllExitCodes},
      {.id = "signals-reap/every-death-of-an-init-is-told-alike",
       .requirements = {"EXIT-02", "TASK-07"},
       .tags = {kHostPidsTag},
       .needs = Need::kNamespaces | Need::kGrouping,
       .run = EveryDeathOfAnInit},
      {.id = "signals-reap/every-end-of-an-init-is-told-alike",
       .requirements = {"TASK-07", "TASK-08", "EVT-11"},
       .tags = {kHostPidsTag},
       .needs = ToNeeds(Need::kGrouping),
       .run = EveryWayAnInitEnds},
      {.id = "signals-reap/every-end-of-an-exec-is-told-alike",
       .requirements = {"TASK-07", "TASK-08", "EVT-11"},
       .tags = {kHostPidsTag},
       .needs = exec,
       .run = EveryWayAnExecEnds},
      {.id = "signals-reap/the-living-are-not-told-dead",
       .requirements = {"WAIT-01", "EXIT-02"},
       .run = TheLivingAreNotToldDead},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
