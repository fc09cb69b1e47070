// SPDX-License-Identifier: Apache-2.0
// Contract §4.6: State, Connect, Pids, Stats.
#include <absl/strings/str_cat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <set>

#include "base/fifo.h"
#include "base/unique_fd.h"
#include "conformance/checks/hook_plan.h"
#include "conformance/checks/lifecycle.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/harness/host_pids.h"
#include "metrics/v1/metrics.pb.h"
#include "metrics/v2/metrics.pb.h"

namespace conformance {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::Eq;
using ::testing::Gt;
using ::testing::Ne;
using ::testing::SizeIs;

// What containerd grants a State call (contract §0.4).
constexpr std::chrono::milliseconds kStateLimit{2000};

void StateEchoesTheRequest(CheckContext& check) {
  const Task task = check.Create(Program("pause"), {.stdio = {.standard_input = true}});
  const StateInfo state = check.Require(task.State());
  check.EXPECT_THAT(state.id, Eq(task.id()), {.requirement = "STATE-01"});
  check.EXPECT_THAT(state.bundle, Eq(task.bundle().path));
  check.EXPECT_THAT(state.standard_input, Eq(task.stdio().stdin_path()));
  check.EXPECT_THAT(state.standard_output, Eq(task.stdio().stdout_path()));
  check.EXPECT_THAT(state.standard_error, Eq(task.stdio().stderr_path()));
  check.EXPECT_THAT(state.terminal, Eq(false), {.text = "State says that there is no terminal"});
}

void StateEchoesTheTerminal(CheckContext& check) {
  ProcessSpec process = Program("pause");
  process.terminal = true;
  const Task task = check.Create(process, {.stdio = {.standard_input = true}});
  const StateInfo state = check.Require(task.State());
  check.EXPECT_THAT(state.terminal, Eq(true), {.text = "State says that there is a terminal"});
  check.EXPECT_THAT(state.standard_input, Eq(task.stdio().stdin_path()));
  check.EXPECT_THAT(state.standard_output, Eq(task.stdio().stdout_path()));
}

void StateAnswersUnderLoad(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  ShimUnderTest& shim = task.shim();
  std::vector<std::unique_ptr<PendingReply>> waits;
  for (int i = 0; i < 32; ++i) waits.push_back(task.WaitAsync());
  std::vector<std::unique_ptr<PendingReply>> states;
  for (int i = 0; i < 200; ++i) {
    states.push_back(shim.CallAsync("State", StateRequest(task.id()), {.deadline = kStateLimit}));
  }
  int answered = 0;
  for (const auto& state : states) answered += state->Get().ok() ? 1 : 0;
  check.EXPECT_THAT(answered, Eq(200),
                    {.text = "State calls answered within 2 s while 32 Wait calls are pending",
                     .code = why::kReplyDelayed});
  check.Require(task.Kill(SIGKILL));
  for (const auto& wait : waits) {
    check.EXPECT_THAT(AsExit(wait->Get()), IsOkAndHolds(ExitedWith(137)));
  }
}

void BlockedCreateDelaysNobody(CheckContext& check) {
  const Task sibling = check.Run(Program("pause"));
  const std::string gate = check.ScratchDirectory() + "/gate";
  check.Require(base::MakeFifo(gate, 0600), {.code = why::kHarness});
  const base::UniqueFd opener =
      check.Require(base::OpenFifoBothEnds(gate, /*nonblocking=*/false), {.code = why::kHarness});

  BundleOptions options;
  options.edit = WithHooks({ProgramHook(check, HookPoint::kCreateRuntime, "gate", {gate, "0"})});
  const Bundle bundle = check.MakeBundle(Program("pause"), options);
  ShimUnderTest& shim = sibling.shim();
  const std::unique_ptr<PendingReply> create = check.CreateAsync(shim, bundle);
  const auto blocked = [&] {
    const std::vector<ProcessInfo> all = check.World().All();
    return std::any_of(all.begin(), all.end(),
                       [](const ProcessInfo& process) { return process.name == "gate"; });
  };
  check.ASSERT_THAT(check.Eventually(blocked), Eq(true),
                    {.text = "the engine runs the hook", .code = why::kProcessState});

  const std::unique_ptr<PendingReply> state = shim.CallAsync("State", StateRequest(sibling.id()));
  const std::unique_ptr<PendingReply> connect =
      shim.CallAsync("Connect", ConnectRequest(sibling.id()));
  check.Eventually([&] { return state->done() && connect->done(); }, kStateLimit);
  check.EXPECT_THAT(state->done(), Eq(true),
                    {.text = "State of a sibling answers within 2 s while a Create is blocked",
                     .code = why::kReplyDelayed});
  check.EXPECT_THAT(connect->done(), Eq(true),
                    {.text = "Connect answers within 2 s while a Create is blocked",
                     .code = why::kReplyDelayed,
                     .requirement = "CONN-01"});
  check.EXPECT_THAT(create->done(), Eq(false), {.text = "the Create is still blocked"});
  check.ASSERT_THAT(write(opener.get(), "x", 1), Eq(1), {.code = why::kHarness});
  check.EXPECT_THAT(create->Get(), IsOk(), {.text = "the Create goes on when it can"});
  check.EXPECT_THAT(state->Get(), IsOk());
  check.EXPECT_THAT(connect->Get(), IsOk(), {.requirement = "CONN-01"});
  check.EXPECT_THAT(sibling.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.code = why::kStateWrong});
}

void StoppedWithoutAnotherCall(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "6"));
  const auto exited = [&](const std::vector<Event>& events) {
    const std::vector<std::string> topics = Topics(ForContainer(events, task.id()));
    return std::find(topics.begin(), topics.end(), "exit") != topics.end();
  };
  const std::vector<Event> events = check.AwaitEvents(exited);
  check.ASSERT_THAT(Topics(ForContainer(events, task.id())), Contains("exit"),
                    {.text = "the end is noticed, whoever asks", .code = why::kEventMissing});
  const StateInfo state = check.Require(task.State());
  check.EXPECT_THAT(state, HasStatus(TaskStatus::kStopped), {.code = why::kStateWrong});
  check.EXPECT_THAT(state.exit_status, Eq(6u), {.code = why::kExitStatus});
}

void InitKilledBeforeStartIsStopped(CheckContext& check) {
  const Task task = check.Create(Program("pause"));
  check.ASSERT_THAT(kill(task.pid(), SIGKILL), Eq(0),
                    {.text = "the pid of Create is one of this host", .requirement = "UND-05"});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kStopped)),
                    {.code = why::kStateWrong});
  check.EXPECT_THAT(task.Start(), IsError(), {.requirement = "START-33"});
  check.EXPECT_THAT(SurplusTopics(EndTask(check, task), {"create", "exit", "delete"}),
                    ::testing::IsEmpty(),
                    {.text = "no start event without a start",
                     .code = why::kEventUnexpected,
                     .requirement = "EVT-25"});
}

void ConnectAnswersForAnyId(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  ShimUnderTest& shim = task.shim();
  for (const std::string& id : {std::string(), std::string("no-such-task")}) {
    const ConnectInfo info = check.Require(shim.Connect(id));
    check.EXPECT_THAT(info.task_pid, Eq(0u), {.text = "nobody's pid"});
    check.EXPECT_THAT(info.shim_pid, Gt(0u));
  }
  const auto daemon = static_cast<pid_t>(check.Require(shim.Connect("")).shim_pid);
  check.ASSERT_THAT(check.World().Find(daemon).has_value(), Eq(true),
                    {.text = "shim_pid is a process of this host", .code = why::kProcessState});
  check.EXPECT_THAT(daemon, Ne(task.pid()), {.text = "the daemon is not its own container"});
}

std::set<std::uint32_t> PidSet(const std::vector<PidInfo>& infos) {
  std::set<std::uint32_t> pids;
  for (const PidInfo& info : infos) pids.insert(info.pid);
  return pids;
}

std::set<std::uint32_t> CgroupPidSet(CheckContext& check, const Task& task) {
  std::set<std::uint32_t> pids;
  for (const pid_t pid : check.World().CgroupPids(task.pid())) {
    pids.insert(static_cast<std::uint32_t>(pid));
  }
  return pids;
}

void PidsListsEveryProcess(CheckContext& check) {
  const Task sibling = check.Run(Program("pause"));
  const Task task = check.Run(Program("spawn_tree", "2", "3"), {.shim = &sibling.shim()});
  // The init, 3 children, 3 grandchildren each.
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready 13"), Eq(true),
                    {.text = "the guest grew its tree", .code = why::kOutputLost});
  check.EXPECT_THAT(CgroupPidSet(check, task), SizeIs(13), {.code = why::kProcessState});
  check.EXPECT_THAT(PidSet(check.Require(task.Pids())), Eq(CgroupPidSet(check, task)),
                    {.text = "Pids as the cgroup has them"});
  check.EXPECT_THAT(PidSet(check.Require(sibling.Pids())), Eq(CgroupPidSet(check, sibling)),
                    {.text = "and none of another container"});
}

void StatsDecode(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const auto [type_url, value] = check.Require(task.Stats());
  check.ASSERT_THAT(type_url,
                    AnyOf("io.containerd.cgroups.v1.Metrics", "io.containerd.cgroups.v2.Metrics"));
  std::uint64_t processes = 0;
  std::uint64_t memory = 0;
  bool parsed = false;
  if (type_url == "io.containerd.cgroups.v1.Metrics") {
    ::io::containerd::cgroups::v1::Metrics metrics;
    parsed = metrics.ParseFromString(value);
    processes = metrics.pids().current();
    memory = metrics.memory().usage().usage();
  } else {
    ::io::containerd::cgroups::v2::Metrics metrics;
    parsed = metrics.ParseFromString(value);
    processes = metrics.pids().current();
    memory = metrics.memory().usage();
  }
  check.ASSERT_THAT(parsed, Eq(true), {.text = "the value is a message of that type"});
  // At least: threads of the engine that have ended leave the count a moment later.
  check.EXPECT_THAT(processes, Gt(0u), {.text = "a process is in the container"});
  check.EXPECT_THAT(memory, Gt(0u), {.text = "memory in use, bytes"});
}

}  // namespace

void AddStateChecks(std::vector<Check>& checks) {
  checks.push_back({.id = "lifecycle/state-echoes-the-create-request",
                    .requirements = {"STATE-02", "STATE-01"},
                    .run = StateEchoesTheRequest});
  checks.push_back({.id = "lifecycle/state-says-that-there-is-a-terminal",
                    .requirements = {"STATE-02"},
                    .needs = ToNeeds(Need::kTerminal),
                    .run = StateEchoesTheTerminal});
  checks.push_back({.id = "lifecycle/state-answers-within-two-seconds-under-load",
                    .requirements = {"STATE-03", "TT-08", "WAIT-04"},
                    .tags = {"load"},
                    .run = StateAnswersUnderLoad});
  checks.push_back({.id = "lifecycle/a-blocked-create-delays-nobody-else",
                    .requirements = {"TASK-03", "STATE-03", "CONN-01", "REC-21"},
                    .needs = Need::kOciEngine | Need::kGrouping,
                    .run = BlockedCreateDelaysNobody});
  checks.push_back({.id = "lifecycle/an-exit-stops-the-task-without-another-call",
                    .requirements = {"STATE-04"},
                    .run = StoppedWithoutAnotherCall});
  checks.push_back({.id = "lifecycle/an-init-killed-before-start-is-stopped",
                    .requirements = {"STATE-06", "START-33", "EVT-25", "UND-05"},
                    .needs = ToNeeds(Need::kNamespaces),
                    .run = InitKilledBeforeStartIsStopped});
  checks.push_back({.id = "lifecycle/connect-answers-for-any-id",
                    .requirements = {"CONN-01"},
                    .run = ConnectAnswersForAnyId});
  checks.push_back({.id = "lifecycle/pids-lists-every-process-of-the-container",
                    .requirements = {"PIDS-04", "PIDS-01"},
                    .tags = {kHostPidsTag},
                    .needs = Need::kNamespaces | Need::kGrouping,
                    .host = ToHostNeeds(HostNeed::kEngineCgroups),
                    .run = PidsListsEveryProcess});
  checks.push_back({.id = "lifecycle/stats-decode-as-metrics-of-the-cgroup",
                    .requirements = {"STATS-01"},
                    .level = Level::kShould,
                    .needs = ToNeeds(Need::kStats),
                    .host = ToHostNeeds(HostNeed::kCgroups),
                    .run = StatsDecode});
}

}  // namespace conformance
