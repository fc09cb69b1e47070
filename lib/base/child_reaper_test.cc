// SPDX-License-Identifier: Apache-2.0
#include "base/child_reaper.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/subreaper.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"

namespace base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MakePipe;
using testing::Pipe;
using ::testing::SizeIs;
using Watch = ChildReaper::Watch;

// A child that has exited with `code` by the time this returns.
pid_t ExitedChild(int code) {
  const pid_t pid = ::vfork();
  if (pid == 0) ::_exit(code);
  // vfork returns while the child is still on its way to the zombie it will be.
  siginfo_t info{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  return pid;
}

bool IsReaped(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

class ChildReaperTest : public testing::ProcessTest {
 protected:
  void SetUp() override { Start(); }
  void Start() { reaper_ = ChildReaper::Create(loop_).value(); }
  template <typename Predicate>
  void RunUntil(Predicate done) {
    while (!done()) loop_.run_one();
  }
  // Runs until every child is gone; proves it with the kernel's answer.
  void RunUntilChildless() {
    RunUntil([] {
      siginfo_t info{};
      return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD;
    });
  }
  // A process that ends with `code` once `gate_` is closed.
  Child StartGated(int code) {
    SpawnSpec spec;
    spec.path = "/bin/sh";
    spec.argv = {"sh", "-c", absl::StrCat("read _; exit ", code)};
    spec.fds = {{gate_.read.get(), 0}};
    return Spawn(spec).value();
  }

  boost::asio::io_context loop_{1};
  std::unique_ptr<ChildReaper> reaper_;
  Pipe gate_ = MakePipe().value();
};

TEST_F(ChildReaperTest, ReportsCodeAndSignalOnce) {
  const Child coded = StartGated(7);
  const Child killed = StartGated(0);
  std::vector<ExitStatus> seen;
  const auto note = [&seen](const ExitStatus& status) { seen.push_back(status); };
  const auto before = std::chrono::system_clock::now();
  const Watch first = reaper_->OnExit(coded.pid, note);
  const Watch second = reaper_->OnExit(killed.pid, note);
  EXPECT_TRUE(first.active());

  ASSERT_TRUE(SendSignal(killed.pidfd, SIGKILL).ok());
  RunUntil([&] { return seen.size() == 1; });
  EXPECT_EQ(seen[0].pid, killed.pid);
  EXPECT_EQ(seen[0].signal, SIGKILL);
  EXPECT_EQ(seen[0].ShellStatus(), 137U);
  EXPECT_FALSE(second.active());
  EXPECT_TRUE(first.active());

  gate_.write.reset();
  RunUntil([&] { return seen.size() == 2; });
  EXPECT_EQ(seen[1].pid, coded.pid);
  EXPECT_EQ(seen[1].signal, 0);
  EXPECT_EQ(seen[1].ShellStatus(), 7U);
  EXPECT_GE(seen[1].at, before);
  EXPECT_LE(seen[1].at, std::chrono::system_clock::now());
  loop_.poll();
  EXPECT_THAT(seen, SizeIs(2));
}

TEST_F(ChildReaperTest, ThePidIsStillReservedDuringTheCallbackAndFreeAfterIt) {
  const pid_t pid = ExitedChild(3);
  bool reserved = false;
  bool called = false;
  const Watch watch = reaper_->OnExit(pid, [&](const ExitStatus&) {
    called = true;
    reserved = !IsReaped(pid);
  });
  RunUntil([&] { return called; });
  EXPECT_TRUE(reserved);
  EXPECT_TRUE(IsReaped(pid));
}

TEST_F(ChildReaperTest, RegisteringAfterTheExitButBeforeTheReapWorks) {
  const pid_t pid = ExitedChild(5);
  std::optional<ExitStatus> seen;
  const Watch watch = reaper_->OnExit(pid, [&](const ExitStatus& status) { seen = status; });
  RunUntil([&] { return seen.has_value(); });
  EXPECT_EQ(seen->code, 5);
}

TEST_F(ChildReaperTest, FindsChildrenThatExitedBeforeItExisted) {
  reaper_.reset();
  const pid_t pid = ExitedChild(6);  // its SIGCHLD is gone by now: it was not blocked
  Start();
  std::optional<ExitStatus> seen;
  const Watch watch = reaper_->OnExit(pid, [&](const ExitStatus& status) { seen = status; });
  RunUntil([&] { return seen.has_value(); });
  EXPECT_EQ(seen->code, 6);
}

TEST_F(ChildReaperTest, WorksWhenSigchldWasInheritedAsIgnored) {
  reaper_.reset();
  ::signal(SIGCHLD, SIG_IGN);
  Start();
  std::optional<ExitStatus> seen;
  const Watch watch =
      reaper_->OnExit(ExitedChild(8), [&](const ExitStatus& status) { seen = status; });
  RunUntil([&] { return seen.has_value(); });
  EXPECT_EQ(seen->code, 8);
  reaper_.reset();
  EXPECT_EQ(::signal(SIGCHLD, SIG_DFL), SIG_IGN) << "the destructor restores it";
}

TEST_F(ChildReaperTest, EveryWatchOfAPidIsCalledInOrder) {
  std::vector<int> order;
  const pid_t pid = ExitedChild(0);
  std::vector<Watch> watches;
  for (int i = 0; i < 3; ++i) {
    watches.push_back(reaper_->OnExit(pid, [&order, i](const ExitStatus&) { order.push_back(i); }));
  }
  RunUntilChildless();
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST_F(ChildReaperTest, ADestroyedWatchIsNotCalledAndTheChildCountsAsOrphan) {
  const pid_t pid = ExitedChild(4);
  std::vector<ExitStatus> orphans;
  reaper_->OnOrphan([&](const ExitStatus& status) { orphans.push_back(status); });
  {
    const Watch watch = reaper_->OnExit(pid, [](const ExitStatus&) { FAIL(); });
  }
  RunUntilChildless();
  ASSERT_THAT(orphans, SizeIs(1));
  EXPECT_EQ(orphans[0].pid, pid);
  EXPECT_EQ(orphans[0].code, 4);
}

TEST_F(ChildReaperTest, OnlyTheDestroyedWatchOfSeveralIsSilent) {
  const pid_t pid = ExitedChild(0);
  int calls = 0;
  std::optional<Watch> gone = reaper_->OnExit(pid, [](const ExitStatus&) { FAIL(); });
  const Watch stays = reaper_->OnExit(pid, [&](const ExitStatus&) { ++calls; });
  gone.reset();
  RunUntilChildless();
  EXPECT_EQ(calls, 1);
}

TEST_F(ChildReaperTest, MovingAWatchKeepsItAndAssigningOverItDropsIt) {
  const pid_t first_pid = ExitedChild(1);
  const pid_t second_pid = ExitedChild(2);
  std::vector<int> codes;
  const auto note = [&codes](const ExitStatus& status) { codes.push_back(status.code); };
  Watch first = reaper_->OnExit(first_pid, note);
  Watch second = reaper_->OnExit(second_pid, note);
  second = std::move(first);  // drops the watch on second_pid
  EXPECT_FALSE(first.active());
  EXPECT_TRUE(second.active());
  Watch& same = second;
  second = std::move(same);
  EXPECT_TRUE(second.active());
  RunUntilChildless();
  EXPECT_THAT(codes, ElementsAre(1));
}

TEST_F(ChildReaperTest, ACallbackMayDestroyItsOwnWatch) {
  const auto witness = std::make_shared<int>(9);
  std::optional<Watch> watch;
  int seen = 0;
  watch = reaper_->OnExit(ExitedChild(0), [&watch, &seen, witness](const ExitStatus&) {
    watch.reset();
    seen = *witness;  // what the callback holds outlives its Watch until it returns
  });
  RunUntilChildless();
  EXPECT_EQ(seen, 9);
  EXPECT_EQ(witness.use_count(), 1);
}

TEST_F(ChildReaperTest, ACallbackMayDestroyAnotherWatchOfTheSameAndOfAnotherPid) {
  const pid_t pid = ExitedChild(0);
  const pid_t other_pid = ExitedChild(0);
  std::optional<Watch> same;
  std::optional<Watch> other;
  const Watch first = reaper_->OnExit(pid, [&](const ExitStatus&) {
    same.reset();
    other.reset();
  });
  same = reaper_->OnExit(pid, [](const ExitStatus&) { FAIL(); });
  int orphans = 0;
  reaper_->OnOrphan([&](const ExitStatus&) { ++orphans; });
  // The kernel reports the older child first; else `other` is served before it can be destroyed.
  other = reaper_->OnExit(other_pid, [](const ExitStatus&) { FAIL(); });
  RunUntilChildless();
  EXPECT_EQ(orphans, 1);
}

TEST_F(ChildReaperTest, ACallbackMayWatchTheSamePidAgain) {
  const pid_t pid = ExitedChild(2);
  std::vector<Watch> watches;
  int calls = 0;
  watches.push_back(reaper_->OnExit(pid, [&](const ExitStatus&) {
    ++calls;
    watches.push_back(reaper_->OnExit(pid, [&](const ExitStatus& status) {
      ++calls;
      EXPECT_EQ(status.code, 2);
    }));
  }));
  RunUntilChildless();
  EXPECT_EQ(calls, 2);
}

TEST_F(ChildReaperTest, AChildSpawnedInACallbackIsNeverReapedBeforeItIsWatched) {
  std::vector<Watch> watches;
  std::vector<int> codes;
  reaper_->OnOrphan([](const ExitStatus& status) { FAIL() << "lost child " << status.pid; });
  // Each exit starts the next child, which is dead before its watch exists.
  std::function<void(const ExitStatus&)> next = [&](const ExitStatus& status) {
    codes.push_back(status.code);
    if (codes.size() < 50) {
      const pid_t pid = ExitedChild(static_cast<int>(codes.size()));
      watches.push_back(reaper_->OnExit(pid, next));
    }
  };
  watches.push_back(reaper_->OnExit(ExitedChild(0), next));
  RunUntil([&] { return codes.size() == 50; });
  for (int i = 0; i < 50; ++i) EXPECT_EQ(codes[static_cast<std::size_t>(i)], i);
}

TEST_F(ChildReaperTest, ADestroyedReaperLeavesHarmlessWatches) {
  const pid_t pid = ExitedChild(0);
  Watch watch = reaper_->OnExit(pid, [](const ExitStatus&) { FAIL(); });
  reaper_.reset();
  EXPECT_FALSE(watch.active());
  loop_.poll();
  watch = Watch();
  EXPECT_EQ(testing::WaitForExit(pid)->code, 0);
}

TEST_F(ChildReaperTest, ACallbackMayDestroyTheReaper) {
  const pid_t first = ExitedChild(1);
  const pid_t second = ExitedChild(2);
  bool called = false;
  const auto destroy = [&](const ExitStatus&) {
    EXPECT_FALSE(called);
    called = true;
    reaper_.reset();
  };
  const Watch one = reaper_->OnExit(first, destroy);
  const Watch also_one = reaper_->OnExit(first, destroy);
  const Watch two = reaper_->OnExit(second, destroy);
  RunUntil([&] { return called; });
  loop_.restart();
  loop_.poll();
  EXPECT_FALSE(also_one.active());
  EXPECT_FALSE(two.active());
  // The notified one was reaped all the same, the other one is left to whoever comes next.
  EXPECT_TRUE(IsReaped(first));
  EXPECT_EQ(testing::WaitForExit(second)->code, 2);
}

TEST_F(ChildReaperTest, TheOrphanCallbackMayReplaceItselfOrDestroyTheReaper) {
  ExitedChild(1);
  int second_calls = 0;
  reaper_->OnOrphan([&](const ExitStatus&) {
    ExitedChild(2);
    reaper_->OnOrphan([&](const ExitStatus&) {
      ++second_calls;
      reaper_.reset();
    });
  });
  RunUntil([&] { return second_calls == 1; });
  EXPECT_EQ(reaper_, nullptr);
}

TEST_F(ChildReaperTest, OthersGetTheirTurnDuringAStorm) {
  bool turn = false;
  int reaped_before_turn = 0;
  int reaped = 0;
  reaper_->OnOrphan([&](const ExitStatus&) {
    if (++reaped == 1) boost::asio::post(loop_, [&] { turn = true; });
    if (!turn) ++reaped_before_turn;
  });
  for (int i = 0; i < 600; ++i) ExitedChild(0);
  RunUntilChildless();
  EXPECT_EQ(reaped, 600);
  EXPECT_LT(reaped_before_turn, 600);
}

TEST_F(ChildReaperTest, AStormOfTenThousandExitsLosesNone) {
  constexpr int kBatches = 50;
  constexpr int kBatch = 200;
  int reported = 0;
  reaper_->OnOrphan([](const ExitStatus& status) { FAIL() << "unwatched " << status.pid; });
  for (int batch = 0; batch < kBatches; ++batch) {
    // All 200 exit before the loop runs: one SIGCHLD stands for all of them.
    std::vector<Watch> watches;
    for (int i = 0; i < kBatch; ++i) {
      watches.push_back(reaper_->OnExit(ExitedChild(i), [&reported, i](const ExitStatus& status) {
        EXPECT_EQ(status.code, i);
        EXPECT_EQ(status.signal, 0);
        ++reported;
      }));
    }
    RunUntil([&] { return reported == (batch + 1) * kBatch; });
  }
  EXPECT_EQ(reported, kBatches * kBatch);
  RunUntilChildless();
}

TEST_F(ChildReaperTest, LiveChildrenThatEndAtOnceAreAllReported) {
  std::map<pid_t, int> expected;
  std::map<pid_t, int> seen;
  std::vector<Watch> watches;
  for (int i = 0; i < 60; ++i) {
    const Child child = StartGated(i);
    expected[child.pid] = i;
    watches.push_back(reaper_->OnExit(
        child.pid, [&seen](const ExitStatus& status) { seen[status.pid] = status.code; }));
  }
  loop_.poll();
  EXPECT_THAT(seen, IsEmpty());
  gate_.write.reset();
  RunUntil([&] { return seen.size() == expected.size(); });
  EXPECT_EQ(seen, expected);
}

TEST_F(ChildReaperTest, AdoptedOrphansAreReportedAndReaped) {
  ASSERT_TRUE(BecomeSubreaper().ok());
  std::map<pid_t, int> orphans;
  reaper_->OnOrphan([&](const ExitStatus& status) { orphans[status.pid] = status.code; });
  Pipe out = MakePipe().value();
  SpawnSpec spec = testing::ChildProcess("make_orphans", {"5", "9"});
  spec.fds = {{gate_.read.get(), 0}, {out.write.get(), 1}};
  const Child maker = Spawn(spec).value();
  out.write.reset();
  std::optional<ExitStatus> made;
  const Watch watch = reaper_->OnExit(maker.pid, [&](const ExitStatus& status) { made = status; });
  std::set<pid_t> expected;
  for (int i = 0; i < 5; ++i) {
    int pid = 0;
    ASSERT_TRUE(absl::SimpleAtoi(testing::ReadLine(out.read), &pid));
    expected.insert(pid);
  }
  RunUntil([&] { return made.has_value(); });
  EXPECT_EQ(made->code, 0);
  EXPECT_THAT(orphans, IsEmpty()) << "they still wait for the gate";
  gate_.write.reset();
  RunUntil([&] { return orphans.size() == expected.size(); });
  for (const auto& [pid, code] : orphans) {
    EXPECT_EQ(expected.count(pid), 1U);
    EXPECT_EQ(code, 9);
    EXPECT_TRUE(IsReaped(pid));
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

TEST_F(ChildReaperTest, AChildWithADeathSignalDiesWithItsParent) {
  ASSERT_TRUE(BecomeSubreaper().ok());
  std::optional<ExitStatus> orphan;
  reaper_->OnOrphan([&](const ExitStatus& status) { orphan = status; });
  Pipe out = MakePipe().value();
  SpawnSpec spec = testing::ChildProcess("die_with_parent");
  spec.fds = {{gate_.read.get(), 0}, {out.write.get(), 1}};
  const Child parent = Spawn(spec).value();
  const Watch watch = reaper_->OnExit(parent.pid, [](const ExitStatus&) {});
  int grandchild = 0;
  ASSERT_TRUE(absl::SimpleAtoi(testing::ReadLine(out.read), &grandchild));
  ASSERT_TRUE(SendSignal(parent.pidfd, SIGKILL).ok());
  RunUntil([&] { return orphan.has_value(); });
  EXPECT_EQ(orphan->pid, grandchild);
  EXPECT_EQ(orphan->signal, SIGUSR1);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

TEST_F(ChildReaperTest, BlocksSigchldOnlyWhileItLives) {
  const auto is_blocked = [] {
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    return ::sigismember(&mask, SIGCHLD) == 1;
  };
  EXPECT_TRUE(is_blocked());
  reaper_.reset();
  EXPECT_FALSE(is_blocked());
}

}  // namespace
}  // namespace base
