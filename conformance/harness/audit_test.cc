// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/audit.h"

#include <absl/functional/function_ref.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/child_reaper.h"
#include "base/fork.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "conformance/harness/world.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr std::chrono::milliseconds kNoPatience{0};
constexpr std::chrono::milliseconds kPatience{1000};

// What is said in the world of a test and compared outside of it.
using Lines = std::vector<std::string>;
using Scene = absl::FunctionRef<Lines(WorldInfo& world)>;

Lines LinesOf(const std::vector<Remainder>& left) {
  Lines lines;
  for (const Remainder& one : left) {
    // The command line of a test may be long.
    lines.push_back(absl::StrCat(one.code, ": ", one.text).substr(0, 200));
  }
  if (left.empty()) lines.emplace_back("nothing is left");
  return lines;
}

Lines FinishAtOnce(const WorldInfo& world, const std::map<pid_t, std::string>& known = {}) {
  const absl::StatusOr<Audit> audit = Audit::Begin(world);
  boost::asio::io_context loop(1);
  return LinesOf(audit->Finish(loop, known, kNoPatience));
}

// A copy of this process, called `name`, that waits to be killed.
pid_t StartIdle(const char* name) {
  ::prctl(PR_SET_NAME, name);
  const pid_t pid = ::fork();
  while (pid == 0) ::pause();
  return pid;
}

// The same, but it ends by itself `later`.
pid_t StartDying(const char* name, std::chrono::microseconds later) {
  ::prctl(PR_SET_NAME, name);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const struct itimerval moment = {.it_interval = {},
                                     .it_value = {.tv_sec = 0, .tv_usec = later.count()}};
    ::setitimer(ITIMER_REAL, &moment, nullptr);
    for (;;) ::pause();
  }
  return pid;
}

// It has ended when this returns, and nobody takes it.
pid_t StartZombie(const char* name) {
  ::prctl(PR_SET_NAME, name);
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  return pid;
}

std::chrono::milliseconds ProcessorTime() {
  struct timespec time {};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::milliseconds(time.tv_sec * 1000 + time.tv_nsec / 1'000'000);
}

// Plays `scene` as the first process of a world, whose processes end with it.
std::string Play(Scene scene) {
  absl::StatusOr<base::testing::Pipe> pipe = base::testing::MakePipe();
  if (!pipe.ok() || ::unshare(WorldNamespaces()) != 0) return "no namespaces";
  const pid_t first = ::fork();
  if (first == 0) {
    absl::StatusOr<WorldInfo> world = EnterWorld({.shim = "/no/such/shim", .ns = "n"});
    std::string text(world.status().message());
    if (world.ok()) text = absl::StrJoin(scene(*world), "\n");
    ::_exit(::write(pipe->write.get(), text.data(), text.size()) < 0 ? 1 : 0);
  }
  pipe->write.reset();
  std::string text = base::testing::ReadToEof(pipe->read);
  ::waitpid(first, nullptr, 0);
  return text;
}

class AuditTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes worlds";
  }

  static Lines InWorld(Scene scene) {
    const absl::StatusOr<base::Fork> fork = base::RunInFork(
        [&scene]() noexcept -> absl::Status { return absl::UnknownError(Play(scene)); });
    EXPECT_TRUE(fork.ok()) << fork.status();
    if (!fork.ok()) return {};
    const absl::StatusOr<base::ExitStatus> exit = base::testing::WaitForExit(fork->child.pid);
    EXPECT_TRUE(exit.ok()) << exit.status();
    if (!exit.ok()) return {};
    return absl::StrSplit(base::ForkResult(*fork, *exit).message(), '\n');
  }
};

TEST_F(AuditTest, TellsWhoseEachProcessIs) {
  const Lines lines = InWorld([](WorldInfo& world) {
    const pid_t known = StartIdle("init");
    for (const char* const name : {"runc", "crun", "runc:[2:INIT]", "other"}) StartIdle(name);
    return FinishAtOnce(world, {{known, "container c1"}});
  });
  EXPECT_THAT(lines,
              ElementsAre(StartsWith("left.process: container c1 2 (init, state "),
                          StartsWith("left.process: engine process 3 (runc, state "),
                          StartsWith("left.process: engine process 4 (crun, state "),
                          StartsWith("left.process: engine process 5 (runc:[2:INIT], state "),
                          AllOf(StartsWith("left.process: process 6 (other, state "),
                                HasSubstr(", parent 1): "))));
}

TEST_F(AuditTest, KnowsTheShimByItsImage) {
  EXPECT_THAT(InWorld([](WorldInfo& world) {
                world.shim = std::filesystem::read_symlink("/proc/self/exe").string();
                StartIdle("runc");
                return FinishAtOnce(world);
              }),
              ElementsAre(StartsWith("left.process: shim process 2 (runc, state ")));
}

TEST_F(AuditTest, OfAZombieThereIsNoImageAndNoCommandLine) {
  EXPECT_THAT(InWorld([](WorldInfo& world) {
                world.shim = "";
                StartZombie("gone");
                return FinishAtOnce(world);
              }),
              ElementsAre("process.zombie: process 2 (gone, state Z, parent 1)"));
}

TEST_F(AuditTest, WaitsForWhatIsAboutToEndAndNoLonger) {
  const Lines lines = InWorld([](WorldInfo& world) {
    boost::asio::io_context loop(1);
    const absl::StatusOr<std::unique_ptr<base::ChildReaper>> reaper =
        base::ChildReaper::Create(loop);
    const absl::StatusOr<Audit> audit = Audit::Begin(world);
    StartDying("late", std::chrono::milliseconds(30));
    StartDying("later", std::chrono::milliseconds(90));
    Lines said = LinesOf(audit->Finish(loop, {}, std::chrono::seconds(20)));
    loop.restart();
    said.push_back(absl::StrCat(loop.poll(), " handlers were left"));
    return said;
  });
  EXPECT_THAT(lines, ElementsAre("nothing is left", "0 handlers were left"));
}

TEST_F(AuditTest, WhatEndsMeanwhileAndIsNotTakenIsAZombieThatCostsNoTime) {
  const Lines lines = InWorld([](WorldInfo& world) {
    boost::asio::io_context loop(1);
    const absl::StatusOr<Audit> audit = Audit::Begin(world);
    StartDying("late", std::chrono::milliseconds(30));
    const std::chrono::milliseconds before = ProcessorTime();
    Lines said = LinesOf(audit->Finish(loop, {}, kPatience));
    const bool idle = ProcessorTime() - before < kPatience / 5;
    said.emplace_back(idle ? "it waited" : "it was busy");
    return said;
  });
  EXPECT_THAT(lines,
              ElementsAre("process.zombie: process 2 (late, state Z, parent 1)", "it waited"));
}

TEST_F(AuditTest, WhatCannotBeLookedAtIsNotTakenForClean) {
  const Lines lines = InWorld([](WorldInfo& world) -> Lines {
    const std::string root = world.scratch + "/root";
    std::filesystem::create_directories(root + "/proc/5000000");
    base::testing::WriteFile(root + "/proc/5000000/stat", "5000000 (fled) S 1 2 3 0");
    world.cgroup_parent = "/no/such/cgroup";
    const absl::StatusOr<Audit> audit = Audit::Begin(world);
    if (::chroot(root.c_str()) != 0) return {"no other root"};
    boost::asio::io_context loop(1);
    return LinesOf(audit->Finish(loop, {}, kNoPatience));
  });
  EXPECT_THAT(lines, ElementsAre("left.process: process 5000000 (fled, state S, parent 1)",
                                 StartsWith("left.mount: unknown: open /proc/self/mountinfo: ")));
}

TEST_F(AuditTest, AMountThatMovedIsNew) {
  EXPECT_THAT(InWorld([](WorldInfo& world) -> Lines {
                const std::string from = world.scratch + "/from";
                const std::string to = world.scratch + "/to";
                ::mkdir(from.c_str(), 0700);
                ::mkdir(to.c_str(), 0700);
                if (::mount("tmpfs", from.c_str(), "tmpfs", 0, nullptr) != 0) return {"no mount"};
                const absl::StatusOr<Audit> audit = Audit::Begin(world);
                ::mount(from.c_str(), to.c_str(), nullptr, MS_MOVE, nullptr);
                boost::asio::io_context loop(1);
                return LinesOf(audit->Finish(loop, {}, kNoPatience));
              }),
              ElementsAre("left.mount: tmpfs on /run/shimgauge/scratch/to"));
}

TEST_F(AuditTest, AMountOverAnotherIsNew) {
  EXPECT_THAT(InWorld([](WorldInfo& world) -> Lines {
                const std::string place = world.scratch + "/place";
                ::mkdir(place.c_str(), 0700);
                if (::mount("tmpfs", place.c_str(), "tmpfs", 0, nullptr) != 0) return {"no mount"};
                const absl::StatusOr<Audit> audit = Audit::Begin(world);
                ::mount("ramfs", place.c_str(), "ramfs", 0, nullptr);
                boost::asio::io_context loop(1);
                return LinesOf(audit->Finish(loop, {}, kNoPatience));
              }),
              ElementsAre("left.mount: ramfs on /run/shimgauge/scratch/place"));
}

TEST_F(AuditTest, FilesInSharedMemoryAreLeft) {
  EXPECT_THAT(InWorld([](WorldInfo& world) {
                base::testing::WriteFile("/dev/shm/segment", "");
                return FinishAtOnce(world);
              }),
              ElementsAre("left.file: /dev/shm/segment"));
}

TEST_F(AuditTest, TwentyOfAKindAreNamedAndTheOthersCounted) {
  const Lines lines = InWorld([](WorldInfo& world) {
    for (int i = 10; i < 32; ++i) base::testing::WriteFile(absl::StrCat(world.sockets, "/", i), "");
    for (int i = 10; i < 30; ++i) base::testing::WriteFile(absl::StrCat(world.temp, "/", i), "");
    return FinishAtOnce(world);
  });
  ASSERT_THAT(lines, SizeIs(41));
  EXPECT_EQ(lines[0], "left.socket: /run/containerd/s/10");
  EXPECT_EQ(lines[19], "left.socket: /run/containerd/s/29");
  EXPECT_EQ(lines[20], "left.socket: 2 more");
  EXPECT_EQ(lines[21], "left.file: /run/shimgauge/tmp/10");
  EXPECT_EQ(lines[40], "left.file: /run/shimgauge/tmp/29");
}

}  // namespace
}  // namespace conformance
