// SPDX-License-Identifier: Apache-2.0
// `start` and the daemon it leaves, as processes.
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/fifo.h"
#include "containerd/bootstrap.h"
#include "events/task.pb.h"
#include "reference-shim/tests/shim_process.h"
#include "services/events/ttrpc.ttrpc.h"
#include "ttrpc/server.h"

namespace shim::testing {
namespace {

using base::testing::ReadFile;
using base::testing::RunResult;
using base::testing::WriteFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string ReadLink(const std::string& path) {
  char target[4096];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof(target));
  return size < 0 ? "<none>" : std::string(target, static_cast<std::size_t>(size));
}

TEST_F(ShimProcessTest, StartPrintsTheAddressOfADaemonThatServes) {
  Bundle("c1");
  const std::string path = StartOk("c1");
  EXPECT_THAT(Sockets(), ElementsAre(path));
  EXPECT_EQ(ReadFile(temp_.File("c1/address")), "unix://" + path);
  struct stat info {};
  ASSERT_EQ(::stat(temp_.File("c1/address").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0644U);

  Connect(path);
  EXPECT_TRUE(Call(*task_, &v3::TaskClient::Connect, v3::ConnectRequest()).ok());
  containerd::task::v2::TaskClient v2(*client_);
  EXPECT_TRUE(Call(v2, &containerd::task::v2::TaskClient::Connect, v3::ConnectRequest()).ok());
  client_.reset();
  ShutDown(path);
  EXPECT_THAT(Sockets(), IsEmpty());
}

TEST_F(ShimProcessTest, DaemonIsAProcessOfItsOwn) {
  Bundle("c1");
  const std::string path = StartOk("c1");
  const pid_t pid = ShimPid(path);
  ASSERT_GT(pid, 0);
  const std::string proc = absl::StrCat("/proc/", pid);
  EXPECT_EQ(::getpgid(pid), pid);
  EXPECT_EQ(ReadLink(proc + "/cwd"), "/");
  EXPECT_EQ(ReadLink(proc + "/fd/0"), "/dev/null");
  EXPECT_EQ(ReadLink(proc + "/fd/1"), "/dev/null");
  EXPECT_EQ(ReadLink(proc + "/fd/2"), temp_.File("c1/log"));
  int score = 0;  // of this test, inherited by `start`
  ASSERT_TRUE(absl::SimpleAtoi(ReadFile("/proc/self/oom_score_adj"), &score));
  EXPECT_EQ(ReadFile(proc + "/oom_score_adj"), absl::StrCat(std::min(score + 1, 1000), "\n"));
  // Where that of `start` was longer, empty words follow.
  const std::vector<std::string> argv =
      absl::StrSplit(ReadFile(proc + "/cmdline"), '\0', absl::SkipEmpty());
  EXPECT_THAT(argv,
              ElementsAre(kProgram, "-namespace", "tests", "-id", "c1", "-address", "/run/x.sock"));
  ShutDown(path);
}

TEST_F(ShimProcessTest, MembersOfAGroupShareOneDaemon) {
  Bundle("pod", R"({"io.kubernetes.cri.sandbox-id":"pod"})");
  Bundle("member", R"({"io.kubernetes.cri.sandbox-id":"pod"})");
  Bundle("other", R"({"io.kubernetes.cri.sandbox-id":"pod","io.containerd.runc.v2.group":"x"})");
  const std::string pod = StartOk("pod");
  EXPECT_EQ(StartOk("member"), pod);
  EXPECT_EQ(ReadFile(temp_.File("member/address")), "unix://" + pod);
  const std::string other = StartOk("other");
  EXPECT_NE(other, pod);
  ShutDown(pod);
  ShutDown(other);
}

TEST_F(ShimProcessTest, ConcurrentStartsAgreeOnOneDaemon) {
  constexpr int kStarts = 6;
  struct Starting {
    base::Child child;
    base::UniqueFd out;
  };
  std::vector<Starting> starting;
  for (int i = 0; i < kStarts; ++i) {
    const std::string id = absl::StrCat("m", i);
    Bundle(id, R"({"io.containerd.runc.v2.group":"g"})");
    auto in = base::testing::MakePipe();
    auto out = base::testing::MakePipe();
    ASSERT_TRUE(in.ok() && out.ok());
    base::SpawnSpec spec = Command(Flags(id, "start"), temp_.File(id));
    spec.fds = {{.source = in->read.get(), .target = 0},
                {.source = out->write.get(), .target = 1},
                {.source = out->write.get(), .target = 2}};
    auto child = base::Spawn(spec);
    ASSERT_TRUE(child.ok());
    const std::string params = Params(id);
    ASSERT_EQ(::write(in->write.get(), params.data(), params.size()),
              static_cast<ssize_t>(params.size()));
    starting.push_back({*std::move(child), std::move(out->read)});
  }
  std::vector<std::string> addresses;
  for (Starting& start : starting) {
    addresses.push_back(base::testing::ReadToEof(start.out));
    EXPECT_EQ(Reap(start.child.pid), 0U);
  }
  EXPECT_EQ(std::count(addresses.begin(), addresses.end(), addresses[0]), kStarts)
      << ::testing::PrintToString(addresses);
  EXPECT_EQ(Sockets().size(), 1U);
  ShutDown(addresses[0].substr(7));  // and the leak guard finds no second daemon
}

TEST_F(ShimProcessTest, KilledShimIsReplaced) {
  Bundle("c1");
  const std::string path = StartOk("c1");
  const pid_t first = ShimPid(path);
  ASSERT_EQ(::kill(first, SIGKILL), 0);
  EXPECT_EQ(Reap(first), 128U + SIGKILL);
  EXPECT_THAT(Sockets(), ElementsAre(path)) << "as a killed daemon leaves it";
  EXPECT_EQ(StartOk("c1"), path);
  EXPECT_NE(ShimPid(path), first);
  ShutDown(path);
}

TEST_F(ShimProcessTest, FailuresLeaveNothingAndSayWhy) {
  Bundle("c1");
  const auto fail = [this](const std::vector<std::string>& args, unsigned code) {
    const auto result = base::testing::RunToExit(Command(args, temp_.File("c1")), Params("c1"));
    EXPECT_TRUE(result.ok());
    EXPECT_EQ(result->status.ShellStatus(), code);
    EXPECT_EQ(result->out, "");
    EXPECT_THAT(Sockets(), IsEmpty());
    return result->err;
  };
  EXPECT_THAT(fail({"-id", "c1", "start"}, 1), HasSubstr("namespace"));
  EXPECT_THAT(fail({"-namespace", "../x", "-id", "c1", "start"}, 1), HasSubstr("../x"));
  EXPECT_THAT(fail({"-namespace", "tests", "start"}, 1), HasSubstr("id"));
  EXPECT_THAT(fail({"-nope", "start"}, 2), HasSubstr("Usage"));
  EXPECT_THAT(fail({"-namespace", "tests", "-id", "c1", "restart"}, 2), HasSubstr("restart"));
  EXPECT_THAT(fail({"-namespace", "tests", "-id", "c1"}, 1), HasSubstr("descriptor 3"));

  WriteFile(temp_.File("c1/config.json"), "{");
  EXPECT_THAT(fail(Flags("c1", "start"), 1), HasSubstr("config.json"));
}

// SBX-21, SBX-30: who has no process to run is a sandbox, and containers in it get no `start`.
TEST_F(ShimProcessTest, TheBundleOfASandboxMayHaveNoConfig) {
  Bundle("c1");
  const auto address = [this] {
    const auto result =
        base::testing::RunToExit(Command(Flags("c1", "start"), temp_.File("c1")), Params("c1"));
    EXPECT_EQ(result->status.ShellStatus(), 0U) << result->err;
    const auto parsed = containerd::ParseStartResult(result->out);
    EXPECT_TRUE(parsed.ok()) << result->out;
    EXPECT_EQ(parsed->version, 3);
    return parsed->address;
  };
  ::unlink(temp_.File("c1/config.json").c_str());
  const std::string first = address();
  WriteFile(temp_.File("c1/config.json"), R"({"ociVersion":"1.0.2","annotations":{"a":"b"}})");
  EXPECT_EQ(address(), first);
  ShutDown(first.substr(7));
}

TEST_F(ShimProcessTest, ShimCgroupIsJoinedOrTheStartFails) {
  Bundle("c1");
  containerd::runc::v1::Options options;
  options.set_shim_cgroup("/no/such/cgroup");
  const auto start = [&] {
    return *base::testing::RunToExit(Command(Flags("c1", "start"), temp_.File("c1")),
                                     Params("c1", &options));
  };
  const RunResult failed = start();
  EXPECT_EQ(failed.status.ShellStatus(), 1U);
  EXPECT_THAT(failed.err, HasSubstr("/no/such/cgroup"));
  EXPECT_EQ(failed.out, "");
  EXPECT_THAT(Sockets(), IsEmpty());
  // The daemon it had started was killed; adopted by this test, it is left for us to reap.
  EXPECT_EQ(ReapAny(), 128U + SIGKILL);

  if (::geteuid() != 0) GTEST_SKIP() << "only root may move processes to the root cgroup";
  options.set_shim_cgroup("/");
  const RunResult joined = start();
  ASSERT_EQ(joined.status.ShellStatus(), 0U) << joined.err;
  const std::string path = joined.out.substr(7);
  for (const absl::string_view line : absl::StrSplit(
           ReadFile(absl::StrCat("/proc/", ShimPid(path), "/cgroup")), '\n', absl::SkipEmpty())) {
    EXPECT_TRUE(absl::EndsWith(line, ":/")) << line;
  }
  ShutDown(path);
}

TEST_F(ShimProcessTest, ResultNobodyCanReadIsAFailure) {
  Bundle("c1");
  auto in = base::testing::MakePipe();
  auto out = base::testing::MakePipe();
  base::SpawnSpec spec = Command(Flags("c1", "start"), temp_.File("c1"));
  spec.fds = {{.source = in->read.get(), .target = 0}, {.source = out->write.get(), .target = 1}};
  out->read.reset();
  const auto child = base::Spawn(spec);
  ASSERT_TRUE(child.ok());
  const std::string params = Params("c1");
  ASSERT_EQ(::write(in->write.get(), params.data(), params.size()),
            static_cast<ssize_t>(params.size()));
  in->write.reset();
  EXPECT_EQ(Reap(child->pid), 1U);
  EXPECT_THAT(Sockets(), IsEmpty());
  EXPECT_EQ(ReapAny(), 128U + SIGKILL);
}

TEST_F(ShimProcessTest, LegacyInputIsTakenAndOtherInputIgnored) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may use the default socket directory";
  Bundle("c1");
  for (const std::string& input : {std::string(), std::string("\xff\xff not protobuf")}) {
    base::SpawnSpec spec = Command(Flags("c1", "start"), temp_.File("c1"));
    // A hash of its own, so that no other shim of this machine is met.
    spec.argv[4] = temp_.File("containerd.sock");
    const auto result = base::testing::RunToExit(spec, input);
    ASSERT_TRUE(result.ok());
    ASSERT_EQ(result->status.ShellStatus(), 0U) << result->err;
    EXPECT_THAT(result->out, HasSubstr("unix:///run/containerd/s/"));
    ShutDown(result->out.substr(7));
  }
}

// --- the end of a daemon --------------------------------------------------------------------

TEST_F(ShimProcessTest, TerminatedShimLeavesItsTasksAndRemovesItsSocket) {
  const std::string bundle = Bundle("c1");
  const std::string path = StartOk("c1");
  const pid_t pid = ShimPid(path);
  Connect(path);
  v3::CreateTaskRequest create;
  create.set_id("c1");
  create.set_bundle(bundle);
  ASSERT_TRUE(Call(*task_, &v3::TaskClient::Create, create).ok());
  v3::WaitRequest wait;
  wait.set_id("c1");
  std::optional<absl::Status> waited;
  task_->Wait(wait, {}, [&](const absl::StatusOr<v3::WaitResponse>& r) { waited = r.status(); });
  // The answer shows that Wait, sent before, has arrived.
  ASSERT_TRUE(Call(*task_, &v3::TaskClient::Connect, v3::ConnectRequest()).ok());
  ASSERT_EQ(::kill(pid, SIGTERM), 0);
  RunUntil([&] { return waited.has_value(); });
  EXPECT_FALSE(waited->ok());
  EXPECT_EQ(Reap(pid), 0U);
  EXPECT_THAT(Sockets(), IsEmpty());
  EXPECT_THAT(ReadLog("c1"), HasSubstr("signal 15"));
}

TEST_F(ShimProcessTest, SignalsThatChangeNothing) {
  Bundle("c1");
  const std::string path = StartOk("c1");
  const pid_t pid = ShimPid(path);
  ASSERT_EQ(::kill(pid, SIGPIPE), 0);
  ASSERT_EQ(::kill(pid, SIGUSR1), 0);
  EXPECT_EQ(ShimPid(path), pid);
  std::string log;
  RunUntil([&] {
    log += ReadLog("c1");
    boost::asio::post(loop_, [] {});
    return absl::StrContains(log, "tasks: 0");
  });
  ShutDown(path);
}

TEST_F(ShimProcessTest, LogWithoutReaderHurtsNobody) {
  Bundle("c1");
  const std::string path = StartOk("c1");
  const pid_t pid = ShimPid(path);
  logs_.clear();
  ASSERT_EQ(::kill(pid, SIGUSR1), 0);
  EXPECT_EQ(ShimPid(path), pid);
  ShutDown(path);
}

class EventSink final : public containerd::services::events::ttrpc::v1::EventsService {
 public:
  void Forward(const containerd::services::events::ttrpc::v1::ForwardRequest& request,
               const ::ttrpc::CallInfo&, ::ttrpc::Reply<google::protobuf::Empty> reply) override {
    topics.push_back(request.envelope().topic());
    EXPECT_EQ(request.envelope().namespace_(), "tests");
    std::move(reply)(google::protobuf::Empty());
  }
  std::vector<std::string> topics;
};

TEST_F(ShimProcessTest, EventsReachTheAddressOfTheParamsBeforeTheEnd) {
  EventSink sink;
  ttrpc::Router router;
  router.Add(EventSink::Bind(sink));
  ttrpc::Server server(loop_, router, log_);
  ASSERT_TRUE(server.Serve(ttrpc::testing::Listen(temp_.File("events"))).ok());
  const std::string bundle = Bundle("c1");
  const std::string path = StartOk("c1");
  Connect(path);
  v3::CreateTaskRequest create;
  create.set_id("c1");
  create.set_bundle(bundle);
  ASSERT_TRUE(Call(*task_, &v3::TaskClient::Create, create).ok());
  v3::DeleteRequest remove;
  remove.set_id("c1");
  ASSERT_TRUE(Call(*task_, &v3::TaskClient::Delete, remove).ok());
  client_.reset();
  ShutDown(path);
  RunUntil([&] { return server.connections() == 0; });
  EXPECT_THAT(sink.topics, ElementsAre("/tasks/create", "/tasks/exit", "/tasks/delete"));
}

}  // namespace
}  // namespace shim::testing
