// SPDX-License-Identifier: Apache-2.0
// Contract §4.11: Pause, Resume, Update, Shutdown.
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <csignal>
#include <fstream>

#include "conformance/checks/lifecycle.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/harness/host_pids.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using ::testing::Contains;
using ::testing::Eq;

constexpr std::int64_t kMebibyte = std::int64_t{1} << 20;

bool AwaitMoreOutput(CheckContext& check, const ClientStdio& stdio, std::size_t than) {
  return check.Eventually([&] { return stdio.output().size() > than; });
}

void PauseFreezesAndResumeThaws(CheckContext& check) {
  const Task task = check.Run(Program("ticker"));
  check.ASSERT_THAT(AwaitMoreOutput(check, task.stdio(), 0), Eq(true),
                    {.text = "the guest ticks", .code = why::kOutputLost});
  check.Require(task.Pause());
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kPaused)),
                    {.code = why::kStateWrong});
  check.Linger(std::chrono::milliseconds(50));  // what was under way arrives
  const std::size_t frozen = task.stdio().output().size();
  check.Linger(std::chrono::milliseconds(100));  // several ticks long
  check.EXPECT_THAT(task.stdio().output().size(), Eq(frozen),
                    {.text = "a paused process does not run", .code = why::kProcessState});

  check.Require(task.Resume());
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.code = why::kStateWrong});
  check.EXPECT_THAT(AwaitMoreOutput(check, task.stdio(), frozen), Eq(true),
                    {.text = "a resumed process runs again",
                     .code = why::kProcessState,
                     .requirement = "PAUSE-02"});
  const std::vector<std::string> topics = Topics(EndTask(check, task));
  check.EXPECT_THAT(topics, Contains("paused"), {.code = why::kEventMissing});
  check.EXPECT_THAT(topics, Contains("resumed"),
                    {.code = why::kEventMissing, .requirement = "PAUSE-02"});
}

// The file of the container's cgroup that holds its memory limit: version 2, else version 1.
std::string MemoryLimitFile(CheckContext& check, pid_t pid) {
  std::string unified;
  for (const absl::string_view line :
       absl::StrSplit(check.World().ReadProc(pid, "cgroup"), '\n', absl::SkipEmpty())) {
    const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3) continue;
    if (fields[1] == "memory") {
      return absl::StrCat("/sys/fs/cgroup/memory", fields[2], "/memory.limit_in_bytes");
    }
    if (fields[0] == "0") unified = absl::StrCat("/sys/fs/cgroup", fields[2], "/memory.max");
  }
  return unified;
}

std::int64_t MemoryLimit(const std::string& path) {
  std::ifstream in(path);
  std::string text;
  in >> text;
  std::int64_t bytes = -1;
  return absl::SimpleAtoi(text, &bytes) ? bytes : -1;
}

void UpdateAppliesLive(CheckContext& check) {
  const Task task =
      check.Create(Program("pause"), {.bundle = {.memory_limit_bytes = 256 * kMebibyte}});
  const std::string file = MemoryLimitFile(check, task.pid());
  if (MemoryLimit(file) != 256 * kMebibyte) check.Skip("no memory limit to be seen in " + file);
  check.EXPECT_THAT(task.Update(absl::StrCat(R"({"memory":{"limit":)", 128 * kMebibyte, "}}")),
                    IsOk(), {.text = "Update of a created task"});
  check.EXPECT_THAT(MemoryLimit(file), Eq(128 * kMebibyte), {.text = file});
  check.Require(task.Start());
  check.EXPECT_THAT(task.Update(absl::StrCat(R"({"memory":{"limit":)", 64 * kMebibyte, "}}")),
                    IsOk(), {.text = "Update of a running task"});
  check.EXPECT_THAT(MemoryLimit(file), Eq(64 * kMebibyte), {.text = file});
}

void UndecodableUpdateIsRefused(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const TaskView before = Observe(check, task);
  check.EXPECT_THAT(task.Update(R"({"memory": )"), IsError(), {.text = "JSON that ends too soon"});
  ExpectUnchanged(check, task, before, "the refused Update");
}

void UpdateWithoutResourcesIsSurvived(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const TaskView before = Observe(check, task);
  ::containerd::task::v3::UpdateTaskRequest request;
  request.set_id(task.id());
  check.EXPECT_THAT(task.shim().Call("Update", request.SerializeAsString()),
                    Refused(absl::StatusCode::kInvalidArgument, absl::StatusCode::kAlreadyExists,
                            absl::StatusCode::kFailedPrecondition),
                    {.text = "Update without resources", .requirement = "UND-20"});
  ExpectUnchanged(check, task, before, "the refused Update");
}

// Shutdown without a task ends the daemon, its connections and its socket.
void ExpectShutdownEnds(CheckContext& check, ShimUnderTest& shim, const std::string& id) {
  ShimUnderTest& other = check.ConnectTo(shim.address(), shim.task_version());
  check.Require(other.Connect(id));
  check.EXPECT_THAT(shim.Shutdown(id), IsOk());
  check.ASSERT_THAT(shim.AwaitExit(std::chrono::seconds(10)), Eq(true),
                    {.text = "Shutdown without a task ends the daemon", .code = why::kLeftProcess});
  check.EXPECT_THAT(other.AwaitDisconnect(std::chrono::seconds(1)), Eq(true),
                    {.text = "and all its connections", .code = why::kSocketState});
  const std::string socket = shim.socket_path();
  if (!socket.empty()) {
    check.EXPECT_THAT(std::ifstream(socket).good() || access(socket.c_str(), F_OK) == 0, Eq(false),
                      {.text = "and removes " + socket, .code = why::kLeftSocket});
  }
}

void ShutdownAfterTheLastDelete(CheckContext& check) {
  const Task task = check.Run(Program("exit_code", "0"));
  check.Require(task.Wait());
  check.Require(task.Delete());
  ExpectShutdownEnds(check, task.shim(), task.id());
}

void ShutdownWithoutAnyCreate(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  ExpectShutdownEnds(check, check.StartShim(bundle), bundle.id);
}

void ShutdownDoesNotReadTheId(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  ExpectShutdownEnds(check, check.StartShim(bundle), "some-other-id");
}

void ShutdownSparesTheSibling(CheckContext& check) {
  const Task sibling = check.Run(Program("pause"));
  const Task task = check.Run(Program("exit_code", "0"), {.shim = &sibling.shim()});
  const TaskView before = Observe(check, sibling);
  check.Require(task.Wait());
  check.Require(task.Delete());
  for (const bool now : {false, true}) {
    check.EXPECT_THAT(sibling.shim().Shutdown(task.id(), now), IsOk(),
                      {.text = absl::StrCat("Shutdown with a task left, now=", now)});
    ExpectUnchanged(check, sibling, before, "Shutdown for another container");
  }
  EndTask(check, sibling);
}

}  // namespace

void AddControlChecks(std::vector<Check>& checks) {
  checks.push_back({.id = "lifecycle/pause-freezes-and-resume-thaws",
                    .requirements = {"PAUSE-01", "PAUSE-02"},
                    .level = Level::kShould,
                    .needs = ToNeeds(Need::kPause),
                    .run = PauseFreezesAndResumeThaws});
  checks.push_back({.id = "lifecycle/update-applies-a-memory-limit-live",
                    .requirements = {"UPDATE-01"},
                    .tags = {kHostPidsTag},
                    .needs = Need::kUpdate | Need::kNamespaces,
                    .host = ToHostNeeds(HostNeed::kCgroups),
                    .run = UpdateAppliesLive});
  checks.push_back({.id = "lifecycle/an-undecodable-update-is-refused",
                    .requirements = {"UPDATE-02"},
                    .needs = ToNeeds(Need::kUpdate),
                    .run = UndecodableUpdateIsRefused});
  checks.push_back({.id = "lifecycle/an-update-without-resources-is-survived",
                    .requirements = {"UPDATE-03", "UND-20"},
                    .level = Level::kShould,
                    .tags = {"malformed"},
                    .needs = ToNeeds(Need::kUpdate),
                    .run = UpdateWithoutResourcesIsSurvived});
  checks.push_back({.id = "lifecycle/shutdown-after-the-last-delete-ends-the-daemon",
                    .requirements = {"SHUT-02", "SHUT-03", "SOCK-11"},
                    .run = ShutdownAfterTheLastDelete});
  checks.push_back({.id = "lifecycle/shutdown-before-any-create-ends-the-daemon",
                    .requirements = {"SHUT-05", "SHUT-02"},
                    .run = ShutdownWithoutAnyCreate});
  checks.push_back({.id = "lifecycle/shutdown-does-not-read-the-id",
                    .requirements = {"SHUT-04"},
                    .level = Level::kShould,
                    .run = ShutdownDoesNotReadTheId});
  checks.push_back({.id = "lifecycle/shutdown-spares-the-tasks-of-others",
                    .requirements = {"SHUT-01", "SHUT-03"},
                    .needs = ToNeeds(Need::kGrouping),
                    .run = ShutdownSparesTheSibling});
}

}  // namespace conformance
