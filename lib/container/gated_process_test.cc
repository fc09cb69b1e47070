// SPDX-License-Identifier: Apache-2.0
#include "container/gated_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "base/pidfd.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"

namespace container {
namespace {

using ::base::testing::MakePipe;
using ::base::testing::Pipe;
using ::base::testing::ReadToEof;
using ::base::testing::WaitForExit;
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
    auto process = GatedProcess::Spawn(loop_, std::move(spec));
    EXPECT_TRUE(process.ok()) << process.status();
    output_.write.reset();
    return *std::move(process);
  }
  absl::Status Release(GatedProcess& process) {
    std::optional<absl::Status> result;
    process.Release([&result](const absl::Status& status) { result = status; });
    EXPECT_FALSE(result.has_value()) << "it comes from the loop";
    loop_.restart();
    while (!result.has_value() && loop_.run_one() > 0) {
    }
    return result.value_or(absl::UnknownError("no answer"));
  }

  boost::asio::io_context loop_;
  Pipe output_ = MakePipe().value();
};

TEST_F(GatedProcessTest, RunsNothingBeforeItsReleaseAndThenKeepsItsPid) {
  const auto process = SpawnShell("echo $$ $COLOUR $PWD; ls /proc/self/fd | wc -l");
  const pid_t pid = process->child().pid;
  EXPECT_GT(pid, 0);
  EXPECT_FALSE(base::HasExited(process->child().pidfd));
  EXPECT_TRUE(Release(*process).ok());
  // 0, 1, 2 and the directory that ls reads.
  EXPECT_EQ(ReadToEof(output_.read), absl::StrCat(pid, " blue /proc\n4\n"));
  EXPECT_EQ(WaitForExit(pid)->code, 0);
}

TEST_F(GatedProcessTest, AMissingProgramIsNamed) {
  const auto process = SpawnProgram({"no-such-program", "x"});
  const absl::Status status = Release(*process);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"no-such-program\""));
  EXPECT_EQ(WaitForExit(process->child().pid)->code, 127);
}

TEST_F(GatedProcessTest, KilledAtTheGateItCannotBeReleased) {
  const auto process = SpawnShell("echo ran");
  ASSERT_TRUE(base::SendSignal(process->child().pidfd, SIGKILL).ok());
  EXPECT_EQ(WaitForExit(process->child().pid)->signal, SIGKILL);
  EXPECT_EQ(Release(*process).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReadToEof(output_.read), "");
}

TEST_F(GatedProcessTest, EndsWithItsHolderWithoutRunningAnything) {
  auto process = SpawnShell("echo ran");
  const pid_t pid = process->child().pid;
  process.reset();
  EXPECT_EQ(WaitForExit(pid)->code, 127);
  EXPECT_EQ(ReadToEof(output_.read), "");
}

TEST_F(GatedProcessTest, LettingGoAfterTheReleaseDoesNotDisturb) {
  auto process = SpawnShell("echo ran");
  const pid_t pid = process->child().pid;
  process->Release([](const absl::Status&) { ADD_FAILURE() << "after destruction"; });
  process.reset();
  loop_.poll();
  EXPECT_EQ(ReadToEof(output_.read), "ran\n");
  EXPECT_EQ(WaitForExit(pid)->code, 0);
}

TEST_F(GatedProcessTest, NothingToRunIsRefused) {
  const auto process = GatedProcess::Spawn(loop_, {});
  EXPECT_EQ(process.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace container
