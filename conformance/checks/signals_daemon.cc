// SPDX-License-Identifier: Apache-2.0
// Contract §7.3, §7.4: signals to the daemon, and resources.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include "conformance/checks/signals.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/host_pids.h"

namespace conformance {
namespace {

using ::testing::Contains;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Not;

void SurvivesSigpipe(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.ASSERT_THAT(task.shim().SendSignal(SIGPIPE), IsOk());
  check.EXPECT_THAT(task.shim().Connect(task.id()), IsOk());
  check.EXPECT_THAT(task.shim().alive(), Eq(true),
                    {.text = "the shim lives", .code = why::kShimCrashed});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

void SurvivesSigusr1(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.ASSERT_THAT(task.shim().SendSignal(SIGUSR1), IsOk());
  check.EXPECT_THAT(task.shim().Connect(task.id()), IsOk());
  check.EXPECT_THAT(task.shim().alive(), Eq(true),
                    {.text = "the shim lives", .code = why::kShimCrashed});
}

void SigtermLeavesContainers(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::string path = task.shim().socket_path();
  check.ASSERT_THAT(task.shim().SendSignal(SIGTERM), IsOk());
  check.ASSERT_THAT(task.shim().AwaitExit(std::chrono::seconds(10)), Eq(true),
                    {.text = "SIGTERM ends the daemon", .code = why::kLeftProcess});
  check.Linger(std::chrono::milliseconds(50));  // what was killed with it has gone by now
  check.EXPECT_THAT(task.ProcessGone(), Eq(false),
                    {.text = "the container runs on", .code = why::kProcessState});
}

void SigkillLeavesContainers(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::size_t mounts = check.World().MountsBelow(task.bundle().path).size();
  check.ASSERT_THAT(task.shim().SendSignal(SIGKILL), IsOk());
  check.ASSERT_THAT(task.shim().AwaitExit(std::chrono::seconds(10)), Eq(true),
                    {.text = "the shim ends", .code = why::kHarness});
  check.Linger(std::chrono::milliseconds(50));  // what was killed with it has gone by now
  check.EXPECT_THAT(task.ProcessGone(), Eq(false),
                    {.text = "the container runs on", .code = why::kProcessState});
  check.EXPECT_THAT(check.World().MountsBelow(task.bundle().path).size(), Eq(mounts),
                    {.text = "mounts of the bundle", .code = why::kProcessState});
  const DeleteResult deleted = check.RunDelete(task.bundle());
  check.EXPECT_THAT(deleted.command.ExitedWith(0), Eq(true),
                    {.text = "`delete` succeeds", .code = why::kProcessState});
  check.EXPECT_THAT(
      check.Eventually([&] { return task.ProcessGone(); }), Eq(true),
      {.text = "`delete` ends it", .code = why::kLeftProcess, .requirement = "DEL-03"});
}

void ContainerInheritsNoFds(CheckContext& check) {
  const Task task = check.Run(Program("print_fds"));
  check.ASSERT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(task.stdio().AwaitEof(), Eq(true),
                    {.text = "the output ends", .code = why::kOutputNoEof});
  std::vector<std::string> extra;
  for (const auto line : absl::StrSplit(task.stdio().output(), '\n', absl::SkipEmpty())) {
    if (!absl::StartsWith(line, "0 ") && !absl::StartsWith(line, "1 ") &&
        !absl::StartsWith(line, "2 ")) {
      extra.emplace_back(line);
    }
  }
  check.EXPECT_THAT(extra, IsEmpty(),
                    {.text = "descriptors besides 0, 1 and 2", .code = why::kLeftFd});
}

void OomScoreIsTheSpecs(CheckContext& check) {
  CreateOptions options;
  options.bundle.oom_score_adj = 100;
  const Task task = check.Run(Program("pause"), options);
  check.EXPECT_THAT(check.World().ReadProc(task.pid(), "oom_score_adj"), Eq("100\n"),
                    {.code = why::kProcessState});
}

void DaemonIsOutsideTheCgroup(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.EXPECT_THAT(check.World().CgroupPids(task.pid()), Contains(task.pid()),
                    {.code = why::kHarness});
  check.EXPECT_THAT(
      check.World().CgroupPids(task.pid()), Not(Contains(task.shim().pid())),
      {.text = "the daemon is not in the container's cgroup", .code = why::kProcessState});
}

void SharesTheMountNamespace(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.EXPECT_THAT(check.World().NamespaceLink(task.shim().pid(), "mnt"),
                    Eq(check.World().NamespaceLink(1, "mnt")), {.code = why::kProcessState});
}

void CyclesLeakNothing(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const auto cycle = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      const Exec exec = check.Require(task.AddExec(Program("emit", "100")));
      check.ASSERT_THAT(exec.Start(), IsOk());
      check.ASSERT_THAT(exec.Wait(), IsOk());
      check.ASSERT_THAT(exec.stdio().AwaitEof(), Eq(true),
                        {.text = "the output ends", .code = why::kOutputNoEof});
      check.ASSERT_THAT(exec.Delete(), IsOk());
    }
  };
  cycle(3);
  const pid_t daemon = task.shim().pid();
  const std::size_t fds = check.World().Fds(daemon).size();
  const std::size_t threads = check.World().ThreadCount(daemon);
  cycle(20);
  check.EXPECT_THAT(check.Eventually([&] { return check.World().Fds(daemon).size() <= fds + 3; }),
                    Eq(true),
                    {.text = absl::StrCat("descriptors of the daemon after 20 execs: ",
                                          check.World().Fds(daemon).size(), ", before: ", fds),
                     .code = why::kLeftFd});
  check.EXPECT_THAT(check.World().ThreadCount(daemon) <= threads + 8, Eq(true),
                    {.text = absl::StrCat("threads of the daemon after 20 execs: ",
                                          check.World().ThreadCount(daemon), ", before: ", threads),
                     .code = why::kProcessState});
}

}  // namespace

void AddDaemonChecks(std::vector<Check>& checks) {
  const Needs exec = ToNeeds(Need::kExec);
  const Needs namespaces = ToNeeds(Need::kNamespaces);
  const std::vector<Check> rows = {
      {.id = "signals-reap/daemon-survives-sigpipe",
       .requirements = {"SIG-01"},
       .run = SurvivesSigpipe},
      {.id = "signals-reap/daemon-survives-sigusr1",
       .requirements = {"SIG-04"},
       .level = Level::kMay,
       .run = SurvivesSigusr1},
      {.id = "signals-reap/sigterm-leaves-containers-running",
       .requirements = {"SIG-02"},
       .level = Level::kShould,
       .tags = {kHostPidsTag},
       .run = SigtermLeavesContainers},
      {.id = "signals-reap/sigkill-leaves-containers-running",
       .requirements = {"SIG-06", "DEL-03"},
       .tags = {kHostPidsTag},
       .needs = namespaces,
       .run = SigkillLeavesContainers},
      {.id = "signals-reap/containers-inherit-no-descriptors",
       .requirements = {"RES-04"},
       .level = Level::kShould,
       .run = ContainerInheritsNoFds},
      {.id = "signals-reap/oom-score-is-the-specs",
       .requirements = {"RES-01"},
       .level = Level::kShould,
       .tags = {kHostPidsTag},
       .needs = namespaces,
       .run = OomScoreIsTheSpecs},
      {.id = "signals-reap/daemon-is-outside-the-containers-cgroup",
       .requirements = {"RES-03"},
       .tags = {kHostPidsTag},
       .needs = namespaces,
       .host = ToHostNeeds(HostNeed::kCgroups),
       .run = DaemonIsOutsideTheCgroup},
      {.id = "signals-reap/daemon-shares-containerds-mounts",
       .requirements = {"UND-06"},
       .level = Level::kShould,
       .run = SharesTheMountNamespace},
      {.id = "signals-reap/exec-cycles-leak-nothing",
       .requirements = {"RES-05"},
       .level = Level::kShould,
       .needs = exec,
       .run = CyclesLeakNothing},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
