// SPDX-License-Identifier: Apache-2.0
#include "container/gated_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"

namespace container {
namespace {

using ::base::testing::MakePipe;
using ::base::testing::Pipe;
using ::base::testing::ReadToEof;
using ::testing::HasSubstr;

class GatedProcessTest : public base::testing::ProcessTest {
 protected:
  std::unique_ptr<GatedProcess> SpawnShell(const std::string& script) {
    return SpawnProgram({"sh", "-c", script});
  }
  std::unique_ptr<GatedProcess> SpawnProgram(std::vector<std::string> argv) {
    base::SpawnSpec spec;
    spec.argv = std::move(argv);
    spec.env = {"PATH=/usr/bin:/bin", "COLOUR=blue"};
    spec.cwd = "/proc";
    spec.fds = {{.source = output_.write.get(), .target = 1}};
    auto process = GatedProcess::Spawn(
        loop_, *reaper_, std::move(spec), [this](const base::ExitStatus& status) {
          EXPECT_FALSE(releasing_) << "an exit before the answer to Release";
          EXPECT_FALSE(exit_.has_value()) << "a second exit";
          exit_ = status;
        });
    EXPECT_TRUE(process.ok()) << process.status();
    return *std::move(process);
  }
  absl::Status Release(GatedProcess& process) {
    std::optional<absl::Status> result;
    releasing_ = true;
    process.Release([this, &result, &process](const absl::StatusOr<pid_t>& pid) {
      releasing_ = false;
      result = pid.status();
      EXPECT_EQ(pid.value_or(process.pid()), process.pid());
    });
    EXPECT_FALSE(result.has_value()) << "it comes from the loop";
    while (!result.has_value() && loop_.run_one() > 0) {
    }
    return result.value_or(absl::UnknownError("no answer"));
  }
  std::string Output() {
    output_.write.reset();
    return ReadToEof(output_.read);
  }
  base::ExitStatus AwaitExit() {
    while (!exit_.has_value() && loop_.run_one() > 0) {
    }
    return exit_.value_or(base::ExitStatus());
  }

  boost::asio::io_context loop_;
  std::unique_ptr<base::ChildReaper> reaper_ = *base::ChildReaper::Create(loop_);
  std::optional<base::ExitStatus> exit_;
  bool releasing_ = false;
  Pipe output_ = MakePipe().value();
};

TEST_F(GatedProcessTest, RunsNothingBeforeItsReleaseAndThenKeepsItsPid) {
  const auto process = SpawnShell("echo $$ $COLOUR $PWD; ls /proc/self/fd | wc -l");
  const pid_t pid = process->pid();
  EXPECT_GT(pid, 0);
  EXPECT_TRUE(process->Signal(0).ok());
  EXPECT_TRUE(Release(*process).ok());
  // 0, 1, 2 and the directory that ls reads.
  EXPECT_EQ(Output(), absl::StrCat(pid, " blue /proc\n4\n"));
  EXPECT_EQ(AwaitExit().code, 0);
  EXPECT_EQ(AwaitExit().pid, pid);
  EXPECT_EQ(process->Signal(SIGTERM).code(), absl::StatusCode::kNotFound);
}

TEST_F(GatedProcessTest, AnInstantExitComesAfterTheRelease) {
  for (int i = 0; i < 20; ++i) {
    exit_.reset();
    const auto process = SpawnShell(absl::StrCat("exit ", i));
    EXPECT_TRUE(Release(*process).ok());
    EXPECT_EQ(AwaitExit().code, i);
  }
}

TEST_F(GatedProcessTest, AMissingProgramIsNamed) {
  const auto process = SpawnProgram({"no-such-program", "x"});
  const absl::Status status = Release(*process);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"no-such-program\""));
  EXPECT_EQ(AwaitExit().code, 127);
}

TEST_F(GatedProcessTest, TheAnswerMayDestroyIt) {
  for (const char* program : {"no-such-program", "true"}) {
    auto process = SpawnProgram({program});
    const pid_t pid = process->pid();
    bool answered = false;
    bool gone = false;
    const auto watch = reaper_->OnExit(pid, [&gone](const base::ExitStatus&) { gone = true; });
    process->Release([&](const auto&) {
      answered = true;
      process.reset();
    });
    while (!(answered && gone) && loop_.run_one() > 0) {
    }
    EXPECT_FALSE(exit_.has_value()) << "after destruction";
  }
}

TEST_F(GatedProcessTest, KilledAtTheGateItCannotBeReleased) {
  const auto process = SpawnShell("echo ran");
  ASSERT_TRUE(process->Signal(SIGKILL).ok());
  EXPECT_EQ(AwaitExit().signal, SIGKILL);
  EXPECT_EQ(Release(*process).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Output(), "");
}

TEST_F(GatedProcessTest, EndsWithItsObjectInEveryState) {
  for (const bool released : {false, true}) {
    auto process = SpawnShell("echo ran; exec sleep 1000");
    int signal = 0;
    const auto watch = reaper_->OnExit(
        process->pid(), [&signal](const base::ExitStatus& status) { signal = status.signal; });
    if (released) {
      EXPECT_TRUE(Release(*process).ok());
    }
    process.reset();
    while (signal == 0 && loop_.run_one() > 0) {
    }
    EXPECT_EQ(signal, SIGKILL);
    EXPECT_FALSE(exit_.has_value()) << "after destruction";
  }
}

TEST_F(GatedProcessTest, LettingGoDuringTheReleaseDropsTheAnswer) {
  auto process = SpawnShell("exec sleep 1000");
  bool gone = false;
  const auto watch =
      reaper_->OnExit(process->pid(), [&gone](const base::ExitStatus&) { gone = true; });
  process->Release([](const auto&) { ADD_FAILURE() << "after destruction"; });
  process.reset();
  while (!gone && loop_.run_one() > 0) {
  }
  loop_.poll();
}

TEST_F(GatedProcessTest, AGateEndsWithTheProcessThatHoldsIt) {
  base::SpawnSpec spec = base::testing::ChildProcess("hold-gate");
  spec.fds = {{.source = output_.write.get(), .target = 1}};
  const auto holder = base::Spawn(spec);
  ASSERT_TRUE(holder.ok()) << holder.status();
  // The holder prints, and is killed; its gate holds the pipe as well.
  EXPECT_EQ(base::testing::ReadLine(output_.read), "gate is there\n");
  ASSERT_EQ(::kill(holder->pid, SIGKILL), 0);
  EXPECT_EQ(Output(), "");
  bool gone = false;
  const auto watch =
      reaper_->OnExit(holder->pid, [&gone](const base::ExitStatus&) { gone = true; });
  while (!gone && loop_.run_one() > 0) {
  }
}

TEST_F(GatedProcessTest, NothingToRunIsRefused) {
  const auto process = GatedProcess::Spawn(loop_, *reaper_, {}, [](const auto&) {});
  EXPECT_EQ(process.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace container
