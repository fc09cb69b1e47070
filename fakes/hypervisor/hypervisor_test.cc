// SPDX-License-Identifier: Apache-2.0
// The stand-in as a process: its sockets, its guest, its end.
#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/testing/child_main.h"
#include "base/testing/run.h"
#include "fakes/hypervisor/hypervisor_options.h"
#include "fakes/hypervisor/testing/vmm_test.h"
#include "fakes/hypervisor/unix_listener.h"
#include "vm/hybrid_vsock.h"

namespace fakes {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class HypervisorTest : public testing::VmmTest {
 protected:
  // Neither our sockets nor the process outlive the end.
  void ExpectClean() {
    EXPECT_FALSE(std::filesystem::exists(Api()));
    EXPECT_FALSE(std::filesystem::exists(Vsock()));
    EXPECT_FALSE(std::filesystem::exists(temp_.File("control")));
  }
  void ExpectEcho(testing::BlockingSocket& socket, const std::string& text) {
    ASSERT_TRUE(socket.Send(absl::StrCat(text, "\n")).ok());
    EXPECT_EQ(socket.ReceiveLine().value_or("nothing"), text);
  }
  std::vector<std::string> ThreadNames() {
    std::vector<std::string> names;
    for (const auto& task :
         std::filesystem::directory_iterator(absl::StrCat("/proc/", vmm_.pid, "/task"))) {
      std::string name = base::testing::ReadFile(task.path().string() + "/comm");
      names.push_back(name.substr(0, name.size() - 1));
    }
    return names;
  }
};

TEST_F(HypervisorTest, EndsCleanlyByShutdownAndBySigterm) {
  for (const bool shutdown : {true, false}) {
    StartVmm();
    Boot();
    EXPECT_TRUE(ConnectToAgent().ok());
    if (shutdown) {
      EXPECT_TRUE(Put("vmm.shutdown").ok());
    } else {
      Kill(SIGTERM);
    }
    EXPECT_EQ(AwaitExit().ShellStatus(), 0U) << base::testing::ReadFile(ErrorFile());
    ExpectClean();
    client_ = std::make_unique<testing::KataGoClient>(Api());
  }
}

TEST_F(HypervisorTest, HasThreadsNamedAsVcpusWhileItRuns) {
  using ::testing::Contains;
  using ::testing::Not;
  StartVmm();
  EXPECT_THAT(ThreadNames(), Not(Contains("vcpu0")));
  Boot();
  EXPECT_THAT(ThreadNames(), AllOf(Contains("vcpu0"), Contains("vcpu1"), Not(Contains("vcpu2"))));
  ASSERT_TRUE(Put("vm.resize", R"({"desired_vcpus":4})").ok());
  EXPECT_THAT(ThreadNames(), Contains("vcpu3"));
  ASSERT_TRUE(Put("vm.resize", R"({"desired_vcpus":1})").ok());
  EXPECT_THAT(ThreadNames(), AllOf(Contains("vcpu0"), Not(Contains("vcpu1"))));
  ASSERT_TRUE(Put("vm.shutdown").ok());
  EXPECT_THAT(ThreadNames(), Not(Contains("vcpu0")));
}

TEST_F(HypervisorTest, TakesTheDescriptorsOfARequestAndGivesThemBackAtTheEnd) {
  base::UniqueFd tap = MakeTap();
  if (!tap.ok()) GTEST_SKIP() << "needs root and /dev/net/tun";
  StartVmm();
  Boot();
  const auto added =
      client_->Call("PUT", "vm.add-net", R"({"id":"n","num_queues":2})", {tap.get(), tap.get()});
  ASSERT_TRUE(added.ok()) << added.status();
  tap.reset();
  EXPECT_TRUE(IsTapThere());
  ASSERT_TRUE(Put("vm.remove-device", R"({"id":"n"})").ok());
  EXPECT_FALSE(IsTapThere());
}

TEST_F(HypervisorTest, ReplacesAStaleApiSocketAndLeavesALiveOneAlone) {
  StartVmm();
  Kill(SIGKILL);
  (void)AwaitExit();
  ASSERT_TRUE(std::filesystem::exists(Api()));
  client_ = std::make_unique<testing::KataGoClient>(Api());
  StartVmm();
  EXPECT_TRUE(Get("vmm.ping").ok());
  const absl::StatusOr<base::testing::RunResult> second =
      base::testing::RunToExit(base::testing::ChildProcess("vmm", {"--api-socket", Api()}));
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->status.ShellStatus(), 1U);
  EXPECT_THAT(second->err, AllOf(HasSubstr(Api()), HasSubstr("somebody listens there")));
  EXPECT_TRUE(Get("vmm.ping").ok());
}

TEST_F(HypervisorTest, AStaleVsockSocketFailsTheBoot) {
  StartVmm();
  base::testing::WriteFile(Vsock(), "");
  ASSERT_TRUE(Put("vm.create", Config()).ok());
  EXPECT_THAT(std::string(Put("vm.boot").status().message()), HasSubstr("bind"));
  ::unlink(Vsock().c_str());
  EXPECT_TRUE(Put("vm.boot").ok());
}

TEST_F(HypervisorTest, DiesWithItsParentIfAsked) {
  base::SpawnSpec shell{.path = "/bin/sh"};
  shell.argv = {"sh", "-c", "\"$@\" & echo; read x", "sh"};
  const base::SpawnSpec vmm =
      base::testing::ChildProcess("vmm", {"--api-socket", Api(), "--die-with-parent"});
  shell.argv.push_back(std::filesystem::read_symlink(vmm.path));  // not the shell's own
  shell.argv.insert(shell.argv.end(), vmm.argv.begin() + 1, vmm.argv.end());
  auto in = base::testing::MakePipe();
  auto out = base::testing::MakePipe();
  ASSERT_TRUE(in.ok() && out.ok());
  shell.fds = {{.source = in->read.get(), .target = 0}, {.source = out->write.get(), .target = 1}};
  const auto child = base::Spawn(shell);
  ASSERT_TRUE(child.ok()) << child.status();
  out->write.reset();
  EXPECT_TRUE(AwaitApi(child->pidfd));
  in->write.reset();
  EXPECT_TRUE(base::testing::WaitForExit(child->pid).ok());
  // The pipe ends with the last process that has it.
  EXPECT_EQ(base::testing::ReadToEof(out->read), "\n");
  EXPECT_FALSE(std::filesystem::exists(Api()));
}

TEST_F(HypervisorTest, LeadsEachConnectionToItsPort) {
  StartVmm();
  Boot();
  EXPECT_FALSE(testing::ConnectToGuest(Vsock(), "CONNECT 1026\n", 10'000).ok());
  auto agent = ConnectToAgent();
  ASSERT_TRUE(agent.ok()) << agent.status();
  ExpectEcho(*agent, "hello");
  // What comes behind the line is the guest's, and nothing comes behind OK by itself.
  auto early = testing::BlockingSocket::Connect(Vsock(), 10'000);
  ASSERT_TRUE(early.ok() && early->Send("connect 1024\nearly\n").ok());
  EXPECT_THAT(early->ReceiveLine().value_or(""), ::testing::StartsWith("OK "));
  EXPECT_EQ(early->ReceiveLine().value_or(""), "early");
}

TEST_F(HypervisorTest, BrokenHandshakesHarmNobody) {
  StartVmm();
  Boot();
  auto agent = ConnectToAgent();
  ASSERT_TRUE(agent.ok()) << agent.status();
  std::vector<testing::BlockingSocket> open;
  for (const std::string& line :
       {std::string("CONNECT"), std::string("CONNECT 1024"), std::string("CONNECT x\n"),
        std::string("\n"), std::string(64, 'C'), std::string("GET / HTTP/1.1\r\n\r\n"),
        std::string("\0\n", 2), std::string("CONNECT 99999999999\n")}) {
    auto socket = testing::BlockingSocket::Connect(Vsock(), 10'000);
    ASSERT_TRUE(socket.ok() && socket->Send(line).ok());
    if (line.back() != '\n' && line.size() < vm::kVsockLineBytesMax) {
      // Unfinished: still open; the end of the input is the end.
      socket->ShutdownWrite();
    }
    EXPECT_EQ(socket->ReceiveLine().status().code(), absl::StatusCode::kUnavailable) << line;
    open.push_back(*std::move(socket));
  }
  ExpectEcho(*agent, "still here");
}

TEST_F(HypervisorTest, AHandshakeMayComeByteByByte) {
  StartVmm();
  Boot();
  auto socket = testing::BlockingSocket::Connect(Vsock(), 10'000);
  ASSERT_TRUE(socket.ok());
  for (const char byte : std::string("CoNnEcT 1024\r\n")) {
    ASSERT_TRUE(socket->Send(std::string(1, byte)).ok());
  }
  EXPECT_THAT(socket->ReceiveLine().value_or(""), ::testing::StartsWith("OK "));
}

TEST_F(HypervisorTest, SurvivesAThousandConnects) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit before = limit;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8192);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  StartVmm();
  Boot();
  {
    std::vector<testing::BlockingSocket> agents;
    for (int i = 0; i < 1000; ++i) {
      auto agent = ConnectToAgent();
      ASSERT_TRUE(agent.ok()) << i << ": " << agent.status();
      agents.push_back(*std::move(agent));
    }
    for (int i = 0; i < 1000; ++i) ExpectEcho(agents[static_cast<std::size_t>(i)], absl::StrCat(i));
  }
  for (int i = 0; i < 1000; ++i) {
    auto api = testing::BlockingSocket::Connect(Api(), 10'000);
    ASSERT_TRUE(api.ok() && api->Send("GET /api/v1/vmm").ok()) << i;
  }
  EXPECT_TRUE(Get("vmm.ping").ok());
  // All of it is given back, once the ends of those connections were seen.
  EXPECT_TRUE(Put("vm.shutdown").ok());
  const auto open_files = [this] {
    const auto fds = std::filesystem::directory_iterator(absl::StrCat("/proc/", vmm_.pid, "/fd"));
    return std::distance(begin(fds), end(fds));
  };
  for (int turn = 0; turn < 5000 && open_files() >= 32; ++turn) EXPECT_TRUE(Get("vmm.ping").ok());
  EXPECT_LT(open_files(), 32);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(HypervisorTest, MovesMuchWithBackPressureAndHalfCloses) {
  StartVmm();
  Boot();
  auto agent = ConnectToAgent();
  ASSERT_TRUE(agent.ok()) << agent.status();
  const std::string piece(100'000, 'x');
  std::size_t received = 0;
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(agent->Send(piece).ok());
    while (received < piece.size() * static_cast<std::size_t>(i + 1)) {
      const auto bytes = agent->Receive(65536);
      ASSERT_TRUE(bytes.ok() && !bytes->empty()) << bytes.status();
      received += bytes->size();
    }
  }
  agent->ShutdownWrite();
  EXPECT_EQ(agent->Receive().value_or("?"), "");
}

TEST_F(HypervisorTest, APausedGuestIsSilentAndGoesOnWhereItWas) {
  StartVmm();
  Boot();
  auto agent = ConnectToAgent(300);
  ASSERT_TRUE(agent.ok()) << agent.status();
  ASSERT_TRUE(Put("vm.pause").ok());
  ASSERT_TRUE(agent->Send("later\n").ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(agent->ReceiveLine().status()));
  EXPECT_TRUE(absl::IsDeadlineExceeded(ConnectToAgent(100).status()));
  ASSERT_TRUE(Put("vm.resume").ok());
  EXPECT_EQ(agent->ReceiveLine().value_or(""), "later");
  EXPECT_EQ(Control("freeze"), "ok");
  ASSERT_TRUE(agent->Send("again\n").ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(agent->ReceiveLine().status()));
  EXPECT_EQ(Control("thaw"), "ok");
  EXPECT_EQ(agent->ReceiveLine().value_or(""), "again");
}

TEST_F(HypervisorTest, AGuestThatTurnsItselfOffEndsTheVmm) {
  StartVmm();
  Boot();
  auto agent = ConnectToAgent();
  ASSERT_TRUE(agent.ok() && agent->Send("off\n").ok());
  EXPECT_EQ(AwaitExit().ShellStatus(), 0U);
  ExpectClean();
}

TEST_F(HypervisorTest, HostileRequestsAreAnsweredAndOthersServed) {
  StartVmm();
  for (const std::string& bytes :
       {std::string("nonsense\r\n\r\n"), std::string(100'000, 'x'), std::string(4096, '\0'),
        std::string("PUT /api/v1/vm.create HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n")}) {
    auto socket = testing::BlockingSocket::Connect(Api(), 10'000);
    ASSERT_TRUE(socket.ok());
    (void)socket->Send(bytes);  // it may be refused half-way
    std::string answer;
    for (auto piece = socket->Receive(); piece.ok() && !piece->empty(); piece = socket->Receive()) {
      answer += *piece;
    }
    EXPECT_THAT(answer, AllOf(HasSubstr("HTTP/1.1 400 \r\n"), HasSubstr("Connection: close")));
  }
  EXPECT_TRUE(Get("vmm.ping").ok());
}

TEST(HypervisorOptionsTest, TakesTheCommandLinesOfKata) {
  const auto go = ParseHypervisorOptions({"--api-socket", "/a", "-vv", "--seccomp", "false"});
  ASSERT_TRUE(go.ok()) << go.status();
  EXPECT_EQ(go->api_socket, "/a");
  EXPECT_EQ(go->verbosity, 2);
  const auto other = ParseHypervisorOptions(
      {"--api-socket", "path=/a", "--future", "x", "-v", "--fault-directory", "/f"});
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->api_socket, "/a");
  EXPECT_EQ(other->control_socket, absl::StrCat("/f/control.", ::getpid()));
  EXPECT_THAT(other->words, ::testing::ElementsAre("--future", "x"));
  EXPECT_THAT(ParseHypervisorOptions({"--version"})->message, HasSubstr("cloud-hypervisor v51"));
  EXPECT_THAT(ParseHypervisorOptions({"--help"})->message, HasSubstr("--api-socket"));
}

TEST(HypervisorOptionsTest, NamesWhatIsWrong) {
  EXPECT_THAT(std::string(ParseHypervisorOptions({"-v"}).status().message()),
              HasSubstr("--api-socket: expected the path"));
  EXPECT_THAT(std::string(ParseHypervisorOptions({"--api-socket", "fd=3"}).status().message()),
              HasSubstr("fd= is not supported"));
  EXPECT_FALSE(ParseHypervisorOptions({"--api-socket"}).ok());
}

}  // namespace
}  // namespace fakes
