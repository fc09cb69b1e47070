// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/wrapped.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>

#include "base/spawn.h"
#include "base/testing/temp_dir.h"
#include "containerd/shim_address.h"
#include "fakes/faulty_shim/children.h"
#include "fakes/faulty_shim/testing/test_plan.h"
#include "netlink/link.h"
#include "netlink/socket.h"
#include "netlink/traffic.h"
#include "reference-shim/shim/exit_record.h"
#include "reference-shim/shim/lifecycle.h"

// This test is linked as faulty-shim is, so that its own calls are the wrapped ones.
namespace fakes {
namespace {

std::string Contents(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

bool Exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

TEST(WrappedTest, FilesStayOrAreRefused) {
  const base::testing::TempDir temp;
  const std::string path = temp.File("f");
  std::ofstream(path) << "x";
  {
    const TestPlan plan({"skip unlink path=*/f nth=1", "fail unlink path=*/f errno=EPERM nth=1"});
    EXPECT_EQ(::unlink(path.c_str()), 0);
    EXPECT_TRUE(Exists(path));
    EXPECT_EQ(::unlink(path.c_str()), -1);
    EXPECT_EQ(errno, EPERM);
    EXPECT_TRUE(Exists(path));
  }
  EXPECT_EQ(::unlink(path.c_str()), 0);
  EXPECT_FALSE(Exists(path));
}

TEST(WrappedTest, OpeningIsDivertedOrHasOtherFlags) {
  const base::testing::TempDir temp;
  std::ofstream(temp.File("real")) << "real";
  std::ofstream(temp.File("other")) << "other";
  const TestPlan plan({"divert open path=*/real access=r file=" + temp.File("other"),
                       "divert open path=*/fifo file=pipe",
                       "add open path=*/real access=w flag=O_TRUNC"});
  int fd = ::open(temp.File("real").c_str(), O_RDONLY | O_CLOEXEC);
  char text[8] = {};
  EXPECT_EQ(::read(fd, text, sizeof(text)), 5);
  EXPECT_STREQ(text, "other");
  ::close(fd);
  ::close(::open(temp.File("real").c_str(), O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(Contents(temp.File("real")), "");

  fd = ::open(temp.File("fifo").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info {};
  ASSERT_EQ(::fstat(fd, &info), 0);
  EXPECT_TRUE(S_ISFIFO(info.st_mode));
  EXPECT_EQ(::read(fd, text, 1), 0) << "nobody can write to it";
  ::close(fd);
}

TEST(WrappedTest, DescriptorsStayOpenAndWritesAreLost) {
  const base::testing::TempDir temp;
  const TestPlan plan({"skip close path=*/f access=w", "lose write path=*/f keep=2"});
  const int fd = ::open(temp.File("f").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  EXPECT_EQ(::write(fd, "abcd", 4), 4);
  EXPECT_EQ(Contents(temp.File("f")), "ab");
  EXPECT_EQ(::close(fd), 0);
  EXPECT_GE(::fcntl(fd, F_GETFD), 0) << "still open";
}

TEST(WrappedTest, AFifoWithoutAReaderIsToldFromOneWith) {
  const base::testing::TempDir temp;
  const std::string path = temp.File("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const TestPlan plan({"fail open path=*/fifo access=r reader=none errno=EINVAL"});
  constexpr int kToRead = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
  EXPECT_EQ(::open(path.c_str(), kToRead), -1);
  EXPECT_EQ(errno, EINVAL);
  const int both = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(both, 0);
  const int reader = ::open(path.c_str(), kToRead);
  EXPECT_GE(reader, 0) << "there is another one";
  ::close(both);
  const int writer = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(writer, 0);
  ::close(writer);
  char byte = 0;
  EXPECT_EQ(::read(reader, &byte, 1), 0) << "what asked for readers writes no more";
  ::close(reader);
}

TEST(WrappedTest, AFileIsRemovedWithItsDescriptorAndAnEndIsAByte) {
  const base::testing::TempDir temp;
  std::ofstream(temp.File("empty")).flush();
  const TestPlan plan({"unlink close path=*/empty", "invent read path=*/empty"});
  const int fd = ::open(temp.File("empty").c_str(), O_RDONLY | O_CLOEXEC);
  char byte = 0;
  EXPECT_EQ(::read(fd, &byte, 1), 1);
  EXPECT_EQ(byte, 'x');
  EXPECT_EQ(::close(fd), 0);
  EXPECT_FALSE(Exists(temp.File("empty")));
}

TEST(WrappedTest, AChildIsLeftAsAZombieAndOthersAreStillSeen) {
  base::SpawnSpec spec{.path = "true", .argv = {"true"}};
  siginfo_t info{};
  pid_t first = 0;
  {
    const TestPlan plan({"leave waitid child=helper nth=1"});
    first = base::Spawn(spec)->pid;
    ASSERT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    EXPECT_EQ(info.si_pid, first);
    EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(first), &info, WEXITED | WNOHANG), 0);
    const pid_t second = base::Spawn(spec)->pid;
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(second), &info, WEXITED | WNOWAIT), 0);
    ASSERT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), 0);
    EXPECT_EQ(info.si_pid, second);
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(second), &info, WEXITED), 0);
    ASSERT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), 0);
    EXPECT_EQ(info.si_pid, 0) << "the zombie is not seen again";
  }
  ChildrenOfThis().left.clear();
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(first), &info, WEXITED), 0);
}

TEST(WrappedTest, AProgramIsStartedOtherwise) {
  const TestPlan plan({"fail spawn program=true errno=ENOENT",
                       "block spawn program=sleep until=exit", "alter spawn program=sh swap=1,2"});
  const auto refused = base::Spawn({.path = "true", .argv = {"true"}});
  EXPECT_TRUE(absl::IsNotFound(refused.status())) << refused.status();

  const auto slept = base::Spawn({.path = "sleep", .argv = {"sleep", "0.05"}});
  ASSERT_TRUE(slept.ok()) << slept.status();
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(slept->pid), &info, WEXITED | WNOHANG), 0);
  EXPECT_EQ(info.si_pid, slept->pid) << "it had ended when Spawn returned";

  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const auto crossed = base::Spawn({.path = "sh",
                                    .argv = {"sh", "-c", "echo o; exec >&-; echo e >&2"},
                                    .fds = {{.source = ends[1], .target = 2}}});
  ASSERT_TRUE(crossed.ok()) << crossed.status();
  ::close(ends[1]);
  char text[8] = {};
  EXPECT_EQ(::read(ends[0], text, sizeof(text)), 2);
  EXPECT_STREQ(text, "o\n");
  ::close(ends[0]);
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(crossed->pid), &info, WEXITED), 0);
}

TEST(WrappedTest, AnEngineAlwaysSeemsToSucceed) {
  const TestPlan plan({"forge waitid verb=kill"});
  const auto engine = base::Spawn({.path = "sh", .argv = {"sh", "-c", "exit 3", "kill"}});
  ASSERT_TRUE(engine.ok()) << engine.status();
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(info.si_pid, engine->pid);
  EXPECT_EQ(info.si_status, 0);
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(engine->pid), &info, WEXITED), 0);
}

TEST(WrappedTest, WhatIsLegalIsDecidedByRules) {
  shim::Lifecycle init(shim::ProcessKind::kInit);
  {
    const TestPlan plan({"allow lifecycle call=pause state=created kind=init",
                         "refuse lifecycle call=kill state=created kind=exec code=5"});
    EXPECT_TRUE(init.Check(shim::Verb::kPause).ok());
    EXPECT_TRUE(init.Complete(shim::Verb::kPause)) << "and stays created";
    EXPECT_EQ(init.state(), shim::ProcessState::kCreated);
    EXPECT_TRUE(init.Check(shim::Verb::kKill).ok()) << "the rule is about execs";
    const shim::Lifecycle exec(shim::ProcessKind::kExec);
    EXPECT_TRUE(absl::IsNotFound(exec.Check(shim::Verb::kKill)));
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(init.Check(shim::Verb::kPause)));
}

TEST(WrappedTest, AnExitIsNotRecorded) {
  const base::testing::TempDir temp;
  const TestPlan plan({"skip exit-record"});
  EXPECT_TRUE(shim::WriteExitRecord(temp.path(), {.pid = 1}).ok());
  EXPECT_FALSE(Exists(temp.File("exit.json")));
}

TEST(WrappedTest, ACommandThatLeavesByExitIsStretched) {
  const TestPlan plan({"stretch command role=start percent=10000"}, "start");
  const auto begun = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() < begun + std::chrono::milliseconds(2)) {
  }
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(200));
}

TEST(WrappedTest, AFailedWriteEndsTheProcess) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const TestPlan plan({"crash write path=pipe:* error=EPIPE"});
  EXPECT_EQ(::write(ends[1], "x", 1), 1) << "somebody reads";
  ::close(ends[0]);
  ::signal(SIGPIPE, SIG_IGN);
  EXPECT_EXIT((void)::write(ends[1], "x", 1), ::testing::KilledBySignal(SIGABRT), "");
  ::close(ends[1]);
}

TEST(WrappedTest, SocketsLieElsewhere) {
  const containerd::SocketOwner owner = {.grpc_address = "/a", .name_space = "ns", .group = "g"};
  const std::string usual = containerd::SocketPath(owner, "/run/x").value();
  const auto path = [&owner](const std::string& place) {
    const TestPlan plan({"alter socket-path place=" + place});
    return containerd::SocketPath(owner, "/run/x").value();
  };
  EXPECT_EQ(path("plain"), "/run/x/ns-g");
  EXPECT_NE(path("elsewhere"), usual);
  EXPECT_NE(path("lone"), usual);
  EXPECT_NE(path("own"), usual);
  EXPECT_EQ(path("sandbox"), usual) << "no config.json here names one";
}

TEST(WrappedTest, AChildMayHoldItsPipes) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  base::SpawnSpec spec;
  spec.path = "/bin/sh";
  spec.argv = {"sh", "-c", "test -e /proc/self/fd/101"};
  spec.fds = {{.source = ends[0], .target = 0}};
  const auto code = [&spec] {
    const auto child = base::Spawn(spec);
    int status = -1;
    ::waitpid(child.value().pid, &status, 0);
    return WEXITSTATUS(status);
  };
  EXPECT_NE(code(), 0);
  const TestPlan plan({"hold spawn program=sh"});
  EXPECT_EQ(code(), 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(WrappedTest, LinksAndTheirFiltersStay) {
  absl::StatusOr<netlink::Socket> socket = netlink::Socket::Open();
  ASSERT_TRUE(socket.ok()) << socket.status();
  constexpr int kNone = 1 << 30;  // the index of no link: whoever asks the kernel fails
  EXPECT_FALSE(netlink::DeleteLink(*socket, kNone).ok());
  const TestPlan plan({"skip delete-link nth=1", "skip delete-ingress nth=1"});
  EXPECT_TRUE(netlink::DeleteLink(*socket, kNone).ok());
  EXPECT_TRUE(netlink::DeleteIngress(*socket, kNone).ok());
  EXPECT_FALSE(netlink::DeleteLink(*socket, kNone).ok());
  EXPECT_FALSE(netlink::DeleteIngress(*socket, kNone).ok());
}

}  // namespace
}  // namespace fakes
