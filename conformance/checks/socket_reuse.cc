// SPDX-License-Identifier: Apache-2.0
// Contract §2 and START-17/18/20: the shim's socket, who shares it, what happens to what lies in
// its way, and what connections may and may not influence.
#include "conformance/checks/socket_reuse.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "conformance/checks/areas.h"
#include "conformance/checks/bootstrap_support.h"
#include "conformance/harness/check_context.h"
#include "containerd/shim_address.h"
#include "task/v3/task.pb.h"

namespace conformance {
std::string PathOf(const std::string& address) {
  return std::string(absl::StripPrefix(address, "unix://"));
}

bool Exists(const std::string& path) {
  struct stat status;
  return ::lstat(path.c_str(), &status) == 0;
}

std::string HashedAddress(CheckContext& check, const std::string& group) {
  return absl::StrCat("unix://", check.SocketDirectory(), "/",
                      containerd::SocketName({.grpc_address = check.ContainerdAddress(),
                                              .name_space = check.Namespace(),
                                              .group = group}));
}

Bundle Member(CheckContext& check, const std::string& annotation, const std::string& group,
              const ProcessSpec& process) {
  return check.MakeBundle(process, {.annotations = {{annotation, group}}});
}

std::string LearnPath(CheckContext& check, const Bundle& bundle) {
  ShimUnderTest& shim = check.StartShim(bundle);
  const std::string path = shim.socket_path();
  if (path.empty()) check.Skip("the shim listens on an abstract socket");
  check.ASSERT_THAT(shim.Shutdown(bundle.id), IsOk());
  check.ASSERT_THAT(shim.AwaitExit(kShutdownDeadline), ::testing::Eq(true),
                    {.text = "the shim ends", .code = why::kLeftProcess, .requirement = "SHUT-02"});
  ::unlink(path.c_str());
  return path;
}

namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Ne;
using ::testing::Not;
using ::testing::StartsWith;

// --- the address ---------------------------------------------------------------------------------

void IsTheHash(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& shim = check.StartShim(bundle);
  check.EXPECT_THAT(shim.address(), Eq(HashedAddress(check, bundle.id)),
                    {.code = why::kSocketState});
  check.EXPECT_THAT(shim.Connect(bundle.id), IsOk());
}

void FitsEverywhere(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"), {.id = std::string(70, 'l')});
  const StartResult result = RequireStart(check, bundle, {.ns = std::string(60, 'n')});
  check.EXPECT_THAT(PathOf(result.address).size(), Le(106u), {.code = why::kSocketState});
  CheckConnects(check, bundle, result);
}

void IsPrivate(CheckContext& check) {
  ShimUnderTest& shim = check.StartShim(check.MakeBundle(Program("pause")));
  if (shim.socket_path().empty()) check.Skip("the shim listens on an abstract socket");
  struct stat status {};
  check.ASSERT_THAT(::stat(shim.socket_path().c_str(), &status), Eq(0),
                    {.code = why::kSocketState});
  check.EXPECT_THAT(
      status.st_mode & 077u, Eq(0u),
      {.text = "permissions of group and others on the socket", .code = why::kSocketState});
}

// --- sharing one shim ----------------------------------------------------------------------------

void JudgeSharing(CheckContext& check, const std::string& annotation) {
  const Bundle first = Member(check, annotation, "pod-1");
  ShimUnderTest& shim = check.StartShim(first);
  const Task leader = check.Create(Program("pause"), {.existing_bundle = first, .shim = &shim});
  check.ASSERT_THAT(leader.Start(), IsOk());

  const Bundle second = Member(check, annotation, "pod-1", Program("exit_code", "5"));
  const std::size_t before = check.World().All().size();
  const StartResult joined = RequireStart(check, second);
  check.EXPECT_THAT(
      joined.address, Eq(shim.address()),
      {.text = "the second member gets the first one's address", .code = why::kSocketState});
  ShimUnderTest& again = check.ConnectTo(joined.address, shim.task_version());
  check.EXPECT_THAT(again.pid(), Eq(shim.pid()),
                    {.text = "both speak to one daemon", .code = why::kProcessState});
  // Fewer is no contradiction: an engine command of the leader may just have been ending.
  check.EXPECT_THAT(check.World().All().size(), Le(before),
                    {.text = "joining spawns nothing", .code = why::kLeftProcess});

  // TASK-04: the daemon runs a container it was not started for; the first one is undisturbed.
  const Task member =
      check.Create(Program("exit_code", "5"), {.existing_bundle = second, .shim = &again});
  check.ASSERT_THAT(member.Start(), IsOk(), {.requirement = "TASK-04"});
  check.EXPECT_THAT(member.Wait(), IsOkAndHolds(ExitedWith(5)), {.requirement = "TASK-04"});
  check.EXPECT_THAT(leader.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}
void SharesByRuncGroup(CheckContext& check) { JudgeSharing(check, kRuncGroup); }
void SharesByCriSandbox(CheckContext& check) { JudgeSharing(check, kCriGroup); }

void PrefersTheRuncGroup(CheckContext& check) {
  const Bundle both = check.MakeBundle(
      Program("pause"), {.annotations = {{kCriGroup, "of-cri"}, {kRuncGroup, "of-runc"}}});
  const StartResult result = RequireStart(check, both);
  const Bundle runc_only = Member(check, kRuncGroup, "of-runc");
  check.EXPECT_THAT(
      RequireStart(check, runc_only).address, Eq(result.address),
      {.text = "the runc group decides where both annotations stand", .code = why::kSocketState});
  const Bundle cri_only = Member(check, kCriGroup, "of-cri");
  check.EXPECT_THAT(RequireStart(check, cri_only).address, Ne(result.address),
                    {.text = "the sandbox id does not", .code = why::kSocketState});
  CheckConnects(check, both, result);
}

void SeparatesGroups(CheckContext& check) {
  ShimUnderTest& one = check.StartShim(Member(check, kRuncGroup, "group-a"));
  ShimUnderTest& other = check.StartShim(Member(check, kRuncGroup, "group-b"));
  check.EXPECT_THAT(one.address(), Ne(other.address()), {.code = why::kSocketState});
  check.EXPECT_THAT(one.pid(), Ne(other.pid()), {.code = why::kProcessState});
}

void SeparatesContainers(CheckContext& check) {
  ShimUnderTest& one = check.StartShim(check.MakeBundle(Program("pause")));
  ShimUnderTest& other = check.StartShim(check.MakeBundle(Program("pause")));
  check.EXPECT_THAT(one.address(), Ne(other.address()), {.code = why::kSocketState});
  check.EXPECT_THAT(one.pid(), Ne(other.pid()), {.code = why::kProcessState});
}

void WritesAddressWhenJoining(CheckContext& check) {
  ShimUnderTest& shim = check.StartShim(Member(check, kRuncGroup, "pod-f"));
  const Bundle second = Member(check, kRuncGroup, "pod-f");
  const StartResult joined = RequireStart(check, second);
  check.EXPECT_THAT(shim.Connect(second.id), IsOk());
  if (joined.version >= 3) {
    check.Note("announces version 3: containerd 2.0 and later store the address themselves");
    return;
  }
  check.EXPECT_THAT(
      ReadWholeFile(absl::StrCat(second.path, "/address")), Eq(shim.address()),
      {.text = "`address` in the joining container's bundle", .code = why::kFileContent});
}

void SharedShimOutlivesItsLeader(CheckContext& check) {
  const Bundle first = Member(check, kRuncGroup, "pod-2");
  ShimUnderTest& shim = check.StartShim(first);
  const Task leader = check.Create(Program("pause"), {.existing_bundle = first, .shim = &shim});
  check.ASSERT_THAT(leader.Start(), IsOk());
  const Bundle second = Member(check, kRuncGroup, "pod-2");
  check.ASSERT_THAT(RequireStart(check, second).address, Eq(shim.address()),
                    {.code = why::kSocketState});
  const Task member = check.Create(Program("pause"), {.existing_bundle = second, .shim = &shim});
  check.ASSERT_THAT(member.Start(), IsOk());

  check.ASSERT_THAT(leader.Kill(SIGKILL), IsOk());
  check.ASSERT_THAT(leader.Wait(), IsOk());
  check.ASSERT_THAT(leader.Delete(), IsOk());
  check.ASSERT_THAT(shim.Shutdown(first.id), IsOk(), {.requirement = "SHUT-01"});
  check.EXPECT_THAT(member.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the second member lives on", .requirement = "SHUT-01"});
  check.EXPECT_THAT(RequireStart(check, Member(check, kRuncGroup, "pod-2")).address,
                    Eq(shim.address()),
                    {.text = "the group still has its shim", .code = why::kSocketState});
}

void ConcurrentStartsYieldOneDaemon(CheckContext& check) {
  std::vector<Bundle> bundles;
  for (int i = 0; i < 6; ++i) bundles.push_back(Member(check, kRuncGroup, "pod-c"));
  std::set<std::string> addresses;
  std::set<pid_t> daemons;
  const std::vector<StartResult> results = check.RunStartsTogether(bundles);
  for (std::size_t i = 0; i < results.size(); ++i) {
    check.ASSERT_THAT(results[i].usable(), Eq(true),
                      {.text = absl::StrCat("concurrent `start` ", i + 1,
                                            " of 6: ", ::testing::PrintToString(results[i])),
                       .code = why::kStartFailed});
    addresses.insert(results[i].address);
    daemons.insert(check.ConnectTo(results[i].address, results[i].version < 3 ? 2 : 3).pid());
  }
  check.EXPECT_THAT(addresses.size(), Eq(1u),
                    {.text = "addresses of one group", .code = why::kSocketState});
  check.EXPECT_THAT(daemons.size(), Eq(1u),
                    {.text = "daemons of one group", .code = why::kProcessState});
}

void StartingAgainReusesTheLiveShim(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& shim = check.StartShim(bundle);
  const Task task = check.Create(Program("pause"), {.existing_bundle = bundle, .shim = &shim});
  check.ASSERT_THAT(task.Start(), IsOk());
  const StartResult again = RequireStart(check, bundle);
  check.EXPECT_THAT(again.address, Eq(shim.address()), {.code = why::kSocketState});
  check.EXPECT_THAT(CheckConnects(check, bundle, again).pid(), Eq(shim.pid()),
                    {.text = "no second daemon", .code = why::kProcessState});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
}

// --- what lies at the path -----------------------------------------------------------------------

void ReplacesAStaleSocket(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& first = check.StartShim(bundle);
  const pid_t old_pid = first.pid();
  check.ASSERT_THAT(first.SendSignal(SIGKILL), IsOk());
  check.ASSERT_THAT(first.AwaitExit(kShutdownDeadline), Eq(true),
                    {.text = "the shim ends", .code = why::kHarness});
  if (!first.socket_path().empty() && !Exists(first.socket_path())) {
    check.Note("nothing is left of the socket of a killed shim (SOCK-16)");
  }
  const StartResult again = RequireStart(check, bundle);
  check.EXPECT_THAT(CheckConnects(check, bundle, again).pid(), Ne(old_pid),
                    {.text = "a new daemon serves the old path", .code = why::kProcessState});
}

void ReplacesADeadLeadersSocket(CheckContext& check) {
  const Bundle first = Member(check, kRuncGroup, "pod-d");
  ShimUnderTest& leader = check.StartShim(first);
  check.ASSERT_THAT(leader.SendSignal(SIGKILL), IsOk());
  check.ASSERT_THAT(leader.AwaitExit(kShutdownDeadline), Eq(true),
                    {.text = "the shim ends", .code = why::kHarness});
  const Bundle second = Member(check, kRuncGroup, "pod-d");
  const StartResult result = RequireStart(check, second);
  ShimUnderTest& shim = CheckConnects(check, second, result);
  const Task task = check.Create(Program("pause"), {.existing_bundle = second, .shim = &shim});
  check.EXPECT_THAT(task.Start(), IsOk(), {.text = "the group works again"});
}

void ReplacesARegularFile(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const std::string path = LearnPath(check, bundle);
  std::ofstream(path) << "no socket";
  const StartResult result = RequireStart(check, bundle);
  check.ASSERT_THAT(PathOf(result.address), Eq(path), {.code = why::kSocketState});
  CheckConnects(check, bundle, result);
}

void CopesWithAForeignListener(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const std::string path = LearnPath(check, bundle);
  const base::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  const bool bound =
      ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 &&
      ::listen(listener.get(), 8) == 0;
  struct stat ours {};
  check.ASSERT_THAT(bound && ::stat(path.c_str(), &ours) == 0, Eq(true),
                    {.text = "a listener of our own", .code = why::kHarness});

  // In use means: a connect succeeds (SOCK-09). Whoever listens there is believed to be the shim;
  // refusing with a reason is as good. What must not happen is a hang or a theft of the path.
  const StartResult result = check.RunStart(bundle);
  check.EXPECT_THAT(
      result.command.timed_out, Eq(false),
      {.text = "`start` ends although the listener never answers", .code = why::kReplyMissing});
  if (result.usable()) {
    check.EXPECT_THAT(PathOf(result.address), Eq(path), {.code = why::kSocketState});
  } else {
    check.EXPECT_THAT(result.command.standard_output, Not(IsEmpty()), {.code = why::kStartOutput});
  }
  struct stat status {};
  const bool there = ::stat(path.c_str(), &status) == 0 && status.st_ino == ours.st_ino &&
                     status.st_ctim.tv_sec == ours.st_ctim.tv_sec &&
                     status.st_ctim.tv_nsec == ours.st_ctim.tv_nsec;
  check.EXPECT_THAT(there, Eq(true),
                    {.text = "the foreign socket is still there", .code = why::kSocketState});
  ::unlink(path.c_str());
}

void RemovesItsSocket(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "0"));
  ShimUnderTest& shim = check.StartShim(bundle);
  if (shim.socket_path().empty()) check.Skip("the shim listens on an abstract socket");
  const Task task =
      check.Create(Program("exit_code", "0"), {.existing_bundle = bundle, .shim = &shim});
  check.ASSERT_THAT(task.Start(), IsOk());
  check.ASSERT_THAT(task.Wait(), IsOk());
  check.ASSERT_THAT(task.Delete(), IsOk());
  check.ASSERT_THAT(shim.Shutdown(bundle.id), IsOk());
  check.ASSERT_THAT(shim.AwaitExit(kShutdownDeadline), Eq(true),
                    {.text = "the shim ends", .code = why::kLeftProcess, .requirement = "SHUT-02"});
  check.EXPECT_THAT(Exists(shim.socket_path()), Eq(false),
                    {.text = absl::StrCat(shim.socket_path(), " after a graceful exit"),
                     .code = why::kLeftSocket});
}

void CyclesLeaveNoSocket(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const std::vector<std::string> before = SocketFiles(check);
  std::set<pid_t> pids;
  for (int cycle = 0; cycle < 10; ++cycle) {
    ShimUnderTest& shim = check.StartShim(bundle);
    pids.insert(shim.pid());
    check.ASSERT_THAT(shim.Shutdown(bundle.id), IsOk());
    check.ASSERT_THAT(
        shim.AwaitExit(kShutdownDeadline), Eq(true),
        {.text = "the shim ends", .code = why::kLeftProcess, .requirement = "SHUT-05"});
  }
  check.EXPECT_THAT(pids.size(), Eq(10u),
                    {.text = "each cycle had a daemon of its own", .code = why::kProcessState});
  check.EXPECT_THAT(SocketFiles(check), Eq(before), {.code = why::kLeftSocket});
}

// --- connections ---------------------------------------------------------------------------------

// Connects with the effective ids given; the kernel records them at connect(2).
ShimUnderTest& ConnectAs(CheckContext& check, const ShimUnderTest& shim, uid_t uid, gid_t gid) {
  const gid_t own_gid = ::getegid();
  const uid_t own_uid = ::geteuid();
  const bool lowered = ::setegid(gid) == 0 && ::seteuid(uid) == 0;
  ShimUnderTest* connection = nullptr;
  if (lowered) connection = &check.ConnectTo(shim.address(), shim.task_version());
  const bool restored = ::seteuid(own_uid) == 0 && ::setegid(own_gid) == 0;
  check.ASSERT_THAT(lowered && restored, Eq(true),
                    {.text = "changing effective ids", .code = why::kHarness});
  return *connection;
}

void DropsOtherUsers(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& shim = check.StartShim(bundle);
  if (shim.socket_path().empty()) check.Skip("the shim listens on an abstract socket");
  const bool opened = ::chmod(shim.socket_path().c_str(), 0666) == 0 &&
                      ::chmod(check.SocketDirectory().c_str(), 0755) == 0;
  check.ASSERT_THAT(opened, Eq(true), {.text = "opening the socket", .code = why::kHarness});
  check.EXPECT_THAT(ConnectAs(check, shim, 12345, ::getegid()).Connect(bundle.id), IsError(),
                    {.text = "a peer with another uid"});
  check.EXPECT_THAT(ConnectAs(check, shim, ::geteuid(), 12345).Connect(bundle.id), IsError(),
                    {.text = "a peer with another gid"});
  check.EXPECT_THAT(check.ConnectTo(shim.address(), shim.task_version()).Connect(bundle.id), IsOk(),
                    {.text = "a peer with the same ids"});
}

void ServesManyConnections(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& shim = check.StartShim(bundle);
  const Task task = check.Create(Program("pause"), {.existing_bundle = bundle, .shim = &shim});
  check.ASSERT_THAT(task.Start(), IsOk());
  const std::unique_ptr<PendingReply> pending = task.WaitAsync();
  for (int i = 0; i < 16; ++i) {
    check.EXPECT_THAT(check.ConnectTo(shim.address(), shim.task_version()).Connect(bundle.id),
                      IsOk(), {.text = absl::StrCat("connection ", i + 2)});
  }
  check.EXPECT_THAT(shim.Connect(bundle.id), IsOk(), {.text = "the first connection"});
  check.EXPECT_THAT(pending->done(), Eq(false),
                    {.text = "Wait is still pending", .code = why::kExitStatus});
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(AsExit(pending->Get()), IsOkAndHolds(ExitedWith(137)));
}

void LosingAConnectionIsHarmless(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& first = check.StartShim(bundle);
  const Task task = check.Create(Program("pause"), {.existing_bundle = bundle, .shim = &first});
  check.ASSERT_THAT(task.Start(), IsOk());
  const pid_t daemon = first.pid();

  ShimUnderTest& second = check.ConnectTo(first.address(), first.task_version());
  containerd::task::v3::WaitRequest wait;
  wait.set_id(bundle.id);
  const std::unique_ptr<PendingReply> lost = second.CallAsync("Wait", wait.SerializeAsString());
  check.ASSERT_THAT(second.Connect(bundle.id), IsOk(), {.text = "Wait was sent before this"});
  second.Disconnect();

  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the container does not notice", .requirement = "TT-24"});
  ShimUnderTest& third = check.ConnectTo(first.address(), first.task_version());
  check.EXPECT_THAT(third.pid(), Eq(daemon),
                    {.text = "the same daemon serves a later connection",
                     .code = why::kProcessState,
                     .requirement = "SOCK-15"});
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
}

}  // namespace

void AddSocketReuseChecks(std::vector<Check>& checks) {
  const Needs grouping = ToNeeds(Need::kGrouping);
  const std::vector<Check> rows_of_start = {
      {.id = "socket-reuse/address-is-the-common-hash",
       .requirements = {"SOCK-01", "SOCK-02", "UND-01"},
       .level = Level::kShould,
       .run = IsTheHash},
      {.id = "socket-reuse/path-fits-everywhere",
       .requirements = {"SOCK-05", "FLAG-08"},
       .run = FitsEverywhere},
      {.id = "socket-reuse/socket-is-private",
       .requirements = {"SOCK-06"},
       .level = Level::kShould,
       .run = IsPrivate},
      {.id = "socket-reuse/shares-by-runc-group",
       .requirements = {"START-17", "SOCK-08", "SOCK-09", "TASK-04", "UND-07"},
       .needs = grouping,
       .run = SharesByRuncGroup},
      {.id = "socket-reuse/shares-by-cri-sandbox",
       .requirements = {"START-17", "SOCK-08", "SOCK-09", "TASK-04"},
       .needs = grouping,
       .run = SharesByCriSandbox},
      {.id = "socket-reuse/prefers-the-runc-group",
       .requirements = {"SOCK-08"},
       .level = Level::kShould,
       .needs = grouping,
       .run = PrefersTheRuncGroup},
      {.id = "socket-reuse/separates-groups",
       .requirements = {"SOCK-08", "START-17"},
       .level = Level::kShould,
       .needs = grouping,
       .run = SeparatesGroups},
      {.id = "socket-reuse/separates-containers",
       .requirements = {"SOCK-01"},
       .level = Level::kShould,
       .run = SeparatesContainers},
      {.id = "socket-reuse/writes-the-address-when-joining",
       .requirements = {"FILE-01", "START-17"},
       .needs = grouping,
       .run = WritesAddressWhenJoining},
      {.id = "socket-reuse/concurrent-starts-yield-one-daemon",
       .requirements = {"START-18"},
       .level = Level::kShould,
       .tags = {"race"},
       .needs = grouping,
       .run = ConcurrentStartsYieldOneDaemon},
      {.id = "socket-reuse/starting-again-reuses-the-live-shim",
       .requirements = {"SOCK-09", "START-20"},
       .run = StartingAgainReusesTheLiveShim},
      {.id = "socket-reuse/replaces-a-stale-socket",
       .requirements = {"SOCK-10", "START-20", "SOCK-16"},
       .run = ReplacesAStaleSocket},
      {.id = "socket-reuse/replaces-a-dead-leaders-socket",
       .requirements = {"SOCK-10", "REC-07"},
       .needs = grouping,
       .run = ReplacesADeadLeadersSocket},
      {.id = "socket-reuse/replaces-a-regular-file",
       .requirements = {"SOCK-10"},
       .run = ReplacesARegularFile},
      {.id = "socket-reuse/copes-with-a-foreign-listener",
       .requirements = {"SOCK-09"},
       .run = CopesWithAForeignListener},
  };
  AddInEachDialect(rows_of_start, checks);
  const std::vector<Check> rows = {
      {.id = "socket-reuse/shared-shim-outlives-its-leader",
       .requirements = {"SHUT-01", "START-17", "SHUT-03"},
       .needs = grouping,
       .run = SharedShimOutlivesItsLeader},
      {.id = "socket-reuse/removes-its-socket",
       .requirements = {"SOCK-11", "LEAK-03"},
       .run = RemovesItsSocket},
      {.id = "socket-reuse/cycles-leave-no-socket",
       .requirements = {"SOCK-11", "SHUT-05", "SHUT-02"},
       .run = CyclesLeaveNoSocket},
      {.id = "socket-reuse/drops-other-users",
       .requirements = {"SOCK-12"},
       .level = Level::kShould,
       .host = ToHostNeeds(HostNeed::kManyIds),
       .run = DropsOtherUsers},
      {.id = "socket-reuse/serves-many-connections",
       .requirements = {"SOCK-13", "REC-28", "TT-08"},
       .run = ServesManyConnections},
      {.id = "socket-reuse/losing-a-connection-is-harmless",
       .requirements = {"SOCK-14", "SOCK-15", "TT-24"},
       .run = LosingAConnectionIsHarmless},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
  AddSocketPathChecks(checks);
}

}  // namespace conformance
