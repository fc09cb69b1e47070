// SPDX-License-Identifier: Apache-2.0
// Contract §4 off the beaten track: mounts with targets, clients that give up, pipe owners, engine
// state that vanishes, and the time that Stats, State and Shutdown may take.
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "conformance/checks/busy_share.h"
#include "conformance/checks/lifecycle.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/host_pids.h"
#include "metrics/v1/metrics.pb.h"
#include "metrics/v2/metrics.pb.h"
#include "runc/options.pb.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Eq;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Lt;

void AMountGoesToItsTarget(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  std::error_code error;
  std::filesystem::create_directory(absl::StrCat(bundle.rootfs_source, "/inner"), error);
  check.ASSERT_THAT(error.value(), Eq(0), {.code = why::kHarness});
  const auto add_a_target = [](const std::string& serialized) {
    containerd::task::v3::CreateTaskRequest request;
    request.ParseFromString(serialized);
    containerd::types::Mount* const mount = request.add_rootfs();
    mount->set_type("tmpfs");
    mount->set_source("tmpfs");
    mount->set_target("inner");
    return request.SerializeAsString();
  };
  const Task task =
      check.TryCreate(Program("pause"), {.existing_bundle = bundle, .edit_request = add_a_target});
  check.ASSERT_THAT(task.create_status(), IsOk(),
                    {.text = "Create with a mount that has a target below the rootfs"});
  check.EXPECT_THAT(check.World().MountsBelow(bundle.path),
                    Contains(absl::StrCat(bundle.path, "/rootfs/inner")),
                    {.text = "the second mount is at its target", .code = why::kProcessState});
  check.ASSERT_THAT(task.Start(), IsOk());
  EndTask(check, task);
  check.EXPECT_THAT(check.World().MountsBelow(bundle.path), IsEmpty(),
                    {.code = why::kLeftMount, .requirement = "DELETE-01"});
}

// As containerd does after a Create whose client is gone: Delete, Shutdown, `delete`.
void AGivenUpCreateIsCleanedUp(CheckContext& check) {
  const Task sibling = check.Run(Program("pause"));
  const Task task = check.TryCreate(
      Program("pause"), {.shim = &sibling.shim(),
                         .call = {.wire_timeout = milliseconds(1), .deadline = seconds(10)}});
  check.Note(absl::StrCat("Create ended with ", task.create_status().ToString()));
  const absl::Status deleted = task.Delete().status();
  check.EXPECT_THAT(deleted, HasCodeIn({absl::StatusCode::kOk, absl::StatusCode::kNotFound}),
                    {.text = "Delete after a Create that was given up"});
  check.EXPECT_THAT(sibling.shim().Shutdown(task.id()), IsOk());
  check.EXPECT_THAT(check.RunDelete(task.bundle()).command.ExitedWith(0), Eq(true),
                    {.text = "`delete` after a Create that was given up",
                     .code = why::kProcessState,
                     .requirement = "DEL-04"});
  check.EXPECT_THAT(
      check.Eventually([&] { return check.World().MountsBelow(task.bundle().path).empty(); }),
      Eq(true), {.text = "no mount of it is left", .code = why::kLeftMount});
  check.EXPECT_THAT(sibling.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the sibling does not notice", .code = why::kStateWrong});
}

void APrivateBundleServesAnotherUser(CheckContext& check) {
  ProcessSpec process = Program("exit_code", "0");
  process.uid = 1000;
  process.gid = 1000;
  const Task task = check.Create(process);
  struct stat status {};
  check.ASSERT_THAT(::stat(task.bundle().path.c_str(), &status), Eq(0), {.code = why::kHarness});
  check.ASSERT_THAT(status.st_mode & 0777u, Eq(0700u),
                    {.text = "mode of the bundle", .code = why::kFileContent});
  check.ASSERT_THAT(task.Start(), IsOk(), {.text = "a process of user 1000 in a bundle of root's"});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
}

// What `runc delete --force` of an operator leaves: no process, no engine state, no cgroup.
void KillAfterTheEngineForgot(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  const std::string state =
      absl::StrCat("/run/containerd/runc/", check.Namespace(), "/", task.id());
  std::error_code error;
  if (std::filesystem::remove_all(state, error) == 0 || error) {
    check.Skip(absl::StrCat("the engine keeps no state at ", state));
  }
  check.ASSERT_THAT(::kill(task.pid(), SIGKILL), Eq(0), {.code = why::kHarness});
  check.ASSERT_THAT(check.Eventually([&] { return task.ProcessGone(); }), Eq(true),
                    {.text = "its process is gone", .code = why::kHarness});
  for (const std::string& cgroup : check.World().Cgroups()) {
    std::filesystem::remove(cgroup, error);
  }
  check.EXPECT_THAT(task.Kill(SIGKILL), HasCode(absl::StatusCode::kNotFound),
                    {.text = "Kill of a container the engine has lost"});
  check.Eventually([&] { return wait->done(); }, seconds(2));
  check.ASSERT_THAT(wait->done(), Eq(true),
                    {.text = "Wait completes within 2 s", .code = why::kExitLost});
  check.EXPECT_THAT(AsExit(wait->Get()), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(task.Delete(), IsOk(), {.requirement = "DELETE-09"});
}

void StatsAnswersInTime(CheckContext& check) {
  constexpr int kCalls = 10;
  const Task task = check.Run(Program("pause"));
  containerd::task::v3::StatsRequest request;
  request.set_id(task.id());
  std::vector<std::unique_ptr<PendingReply>> calls;
  calls.reserve(kCalls);
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(task.shim().CallAsync("Stats", request.SerializeAsString()));
  }
  const auto done = [&calls] {
    for (const auto& call : calls) {
      if (!call->done()) return false;
    }
    return true;
  };
  check.EXPECT_THAT(
      check.Eventually(done, seconds(2)), Eq(true),
      {.text = "ten Stats at once are answered within 2 s", .code = why::kReplyDelayed});
  for (const auto& call : calls) check.EXPECT_THAT(call->Get(), IsOk());
}

void StateAnswersDuringPause(CheckContext& check) {
  const Task task = check.Run(Program("spawn_tree", "2", "3"));
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  containerd::task::v3::PauseRequest request;
  request.set_id(task.id());
  const std::unique_ptr<PendingReply> pause =
      task.shim().CallAsync("Pause", request.SerializeAsString());
  const std::unique_ptr<PendingReply> state =
      task.shim().CallAsync("State", StateRequest(task.id()));
  check.EXPECT_THAT(check.Eventually([&] { return state->done(); }, seconds(2)), Eq(true),
                    {.text = "State is answered while Pause works", .code = why::kReplyDelayed});
  containerd::task::v3::StateResponse response;
  check.ASSERT_THAT(response.ParseFromString(check.Require(state->Get())), Eq(true),
                    {.text = "it can be decoded"});
  const auto status = static_cast<TaskStatus>(response.status());
  check.EXPECT_THAT(
      status, ::testing::AnyOf(TaskStatus::kRunning, TaskStatus::kPausing, TaskStatus::kPaused));
  check.ASSERT_THAT(pause->Get(), IsOk());
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kPaused)));
  check.ASSERT_THAT(task.Resume(), IsOk());
}

// Peers that have left must not make it spin: a reader, a writer of stdin, a terminal.
void AnIdleShimUsesNoProcessor(CheckContext& check) {
  const Task task = check.Run(Program("pause"), {.stdio = {.standard_input = true}});
  task.stdio().CloseReaders();
  task.stdio().CloseInput();
  ShimUnderTest& shim = task.shim();
  check.ASSERT_THAT(shim.Connect(task.id()), IsOk());
  check.EXPECT_THAT(BusyShare(check, shim.pid()), Lt(0.5),
                    {.text = "part of a CPU's time that it asks for without anything to do",
                     .code = why::kProcessState});
  check.ASSERT_THAT(shim.Connect(task.id()), IsOk());
}

// Whoever gives the pipes away, the shim by io_uid or the engine to the process' user.
void AUserMayReopenItsOutput(CheckContext& check) {
  constexpr std::uint32_t kUser = 1000;
  containerd::runc::v1::Options options;
  options.set_io_uid(kUser);
  options.set_io_gid(kUser);
  ProcessSpec process = Program("write_file", "/proc/self/fd/1", "hello");
  process.uid = kUser;
  process.gid = kUser;
  const Task task = check.Run(process, {.runc_options = options.SerializeAsString()});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)),
                    {.text = "user 1000 opens /proc/self/fd/1 for writing"});
  check.EXPECT_THAT(task.stdio().AwaitOutput("hello"), Eq(true),
                    {.text = "the output has \"hello\"", .code = why::kOutputLost});
}

std::string StatusField(const std::string& status, absl::string_view name) {
  for (const absl::string_view line : absl::StrSplit(status, '\n')) {
    absl::string_view rest = line;
    if (absl::ConsumePrefix(&rest, name)) return std::string(absl::StripAsciiWhitespace(rest));
  }
  return "";
}

void TheInitInheritsNoSignalMask(CheckContext& check) {
  const Task task = check.Run(Program("ticker"));
  // Until then the process is the engine, with masks of its own.
  check.ASSERT_THAT(task.stdio().AwaitOutputBytes(1), Eq(true),
                    {.text = "the init has begun", .code = why::kOutputLost});
  const std::string status = check.World().ReadProc(task.pid(), "status");
  check.EXPECT_THAT(StatusField(status, "SigBlk:"), Eq("0000000000000000"),
                    {.text = "signals the init blocks", .code = why::kProcessState});
  check.EXPECT_THAT(StatusField(status, "SigIgn:"), Eq("0000000000000000"),
                    {.text = "signals the init ignores", .code = why::kProcessState});
}

// Numbers of the cgroup in either version of the message.
struct CgroupNumbers {
  std::uint64_t processes = 0;
  std::uint64_t memory = 0;     // bytes
  std::uint64_t processor = 0;  // time, in units of the version
};
CgroupNumbers ReadStats(CheckContext& check, const Task& task) {
  const auto [type_url, value] = check.Require(task.Stats());
  ::io::containerd::cgroups::v1::Metrics v1;
  ::io::containerd::cgroups::v2::Metrics v2;
  if (type_url == "io.containerd.cgroups.v1.Metrics" && v1.ParseFromString(value)) {
    return {.processes = v1.pids().current(),
            .memory = v1.memory().usage().usage(),
            .processor = v1.cpu().usage().total()};
  }
  check.ASSERT_THAT(v2.ParseFromString(value), Eq(true), {.text = "Stats decodes"});
  return {.processes = v2.pids().current(),
          .memory = v2.memory().usage(),
          .processor = v2.cpu().usage_usec()};
}

void StatsTellTheTruth(CheckContext& check) {
  constexpr std::uint64_t kMib = 1u << 20;
  const Task tree = check.Run(Program("spawn_tree", "2", "3"));
  check.ASSERT_THAT(tree.stdio().AwaitOutput("ready 13"), Eq(true),
                    {.text = "the output has \"ready 13\"", .code = why::kOutputLost});
  CgroupNumbers numbers;
  // Threads of the engine that have ended leave the count a moment later.
  check.Eventually([&] {
    numbers = ReadStats(check, tree);
    return numbers.processes == 13;
  });
  check.EXPECT_THAT(numbers.processes, Eq(13u), {.text = "processes of a tree of 13"});
  const Task eater =
      check.Run(Program("allocate", "48", "--when-told"), {.stdio = {.standard_input = true}});
  const CgroupNumbers before = ReadStats(check, eater);
  check.ASSERT_THAT(eater.stdio().WriteInput("now"), IsOk(), {.code = why::kHarness});
  check.ASSERT_THAT(eater.stdio().AwaitOutput("allocated 48"), Eq(true),
                    {.text = "the output has \"allocated 48\"", .code = why::kOutputLost});
  numbers = ReadStats(check, eater);
  check.EXPECT_THAT(numbers.processor, Gt(before.processor),
                    {.text = "processor time of a container that has touched 48 MiB meanwhile"});
  check.EXPECT_THAT(numbers.memory, ::testing::AllOf(Ge(46 * kMib), Le(96 * kMib)),
                    {.text = "bytes of a container that has touched 48 MiB"});
}

void ShutdownIsQuick(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "0"));
  check.ASSERT_THAT(task.Wait(), IsOk());
  check.ASSERT_THAT(task.Delete(), IsOk());
  ShimUnderTest& shim = task.shim();
  check.ASSERT_THAT(shim.pid(), ::testing::Gt(0));
  const auto begin = std::chrono::steady_clock::now();
  check.EXPECT_THAT(shim.Shutdown(task.id()), IsOk());
  const auto took = std::chrono::steady_clock::now() - begin;
  check.EXPECT_THAT(std::chrono::duration_cast<milliseconds>(took).count(), Lt(3000),
                    {.text = "milliseconds until Shutdown is answered or the connection closes",
                     .code = why::kReplyDelayed});
  check.EXPECT_THAT(shim.AwaitExit(seconds(16)), Eq(true),
                    {.text = "the shim ends", .code = why::kLeftProcess});
}

}  // namespace

void AddSeldomChecks(std::vector<Check>& checks) {
  const std::vector<Check> rows = {
      {.id = "lifecycle/a-mount-goes-to-its-target",
       .requirements = {"CREATE-02", "CREATE-01"},
       .needs = ToNeeds(Need::kRootfsMounts),
       .run = AMountGoesToItsTarget},
      {.id = "lifecycle/a-given-up-create-is-cleaned-up",
       .requirements = {"CREATE-17", "DEL-04"},
       .level = Level::kShould,
       .needs = ToNeeds(Need::kGrouping),
       .run = AGivenUpCreateIsCleanedUp},
      {.id = "lifecycle/a-private-bundle-serves-another-user",
       .requirements = {"FILE-09"},
       .needs = ToNeeds(Need::kNamespaces),
       .host = ToHostNeeds(HostNeed::kManyIds),
       .run = APrivateBundleServesAnotherUser},
      {.id = "lifecycle/kill-after-the-engine-forgot-is-not-found",
       .requirements = {"KILL-03", "DELETE-09"},
       .needs = Need::kOciEngine | Need::kNamespaces,
       .run = KillAfterTheEngineForgot},
      {.id = "lifecycle/stats-answers-in-time",
       .requirements = {"STATS-04"},
       .level = Level::kShould,
       .needs = ToNeeds(Need::kStats),
       .run = StatsAnswersInTime},
      {.id = "lifecycle/state-answers-during-pause",
       .requirements = {"STATE-05", "STATE-03"},
       .level = Level::kShould,
       .needs = ToNeeds(Need::kPause),
       .run = StateAnswersDuringPause},
      {.id = "lifecycle/stats-tell-the-truth",
       .requirements = {"STATS-01", "STATS-02"},
       .level = Level::kShould,
       .needs = Need::kStats | Need::kNamespaces,
       .host = ToHostNeeds(HostNeed::kCgroups),
       .run = StatsTellTheTruth},
      {.id = "lifecycle/an-idle-shim-uses-no-processor",
       .requirements = {"RES-05", "IO-04"},
       .level = Level::kShould,
       .run = AnIdleShimUsesNoProcessor},
      {.id = "lifecycle/a-user-may-reopen-its-output",
       .requirements = {"CREATE-18"},
       .level = Level::kShould,
       .needs = Need::kOciEngine | Need::kNamespaces,
       .host = ToHostNeeds(HostNeed::kManyIds),
       .run = AUserMayReopenItsOutput},
      {.id = "lifecycle/the-init-inherits-no-signal-mask",
       .requirements = {"RES-04"},
       .level = Level::kShould,
       .tags = {kHostPidsTag},
       .needs = ToNeeds(Need::kNamespaces),
       .run = TheInitInheritsNoSignalMask},
      {.id = "lifecycle/shutdown-is-quick", .requirements = {"V24-06"}, .run = ShutdownIsQuick},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
