// SPDX-License-Identifier: Apache-2.0
#include "base/pidfd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>

#include "base/spawn.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"

namespace base {
namespace {

class PidfdTest : public testing::ProcessTest {
 protected:
  // A process that ends at EOF of the returned pipe.
  Child StartReader(testing::Pipe& gate) {
    gate = testing::MakePipe().value();
    SpawnSpec spec;
    spec.path = "/bin/cat";
    spec.argv = {"cat"};
    spec.fds = {{gate.read.get(), 0}};
    return Spawn(spec).value();
  }
};

void BlockUntilExited(const UniqueFd& pidfd) {
  pollfd poll_fd{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&poll_fd, 1, -1), 1);
}

TEST_F(PidfdTest, FollowsAProcessFromLifeToReap) {
  testing::Pipe gate;
  const Child child = StartReader(gate);
  const UniqueFd pidfd = OpenPidfd(child.pid).value();
  EXPECT_EQ(::fcntl(pidfd.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_FALSE(HasExited(pidfd));
  EXPECT_TRUE(SendSignal(pidfd, 0).ok());

  gate.write.reset();
  BlockUntilExited(pidfd);
  EXPECT_TRUE(HasExited(pidfd));
  EXPECT_TRUE(SendSignal(pidfd, SIGTERM).ok()) << "a zombie takes signals";

  EXPECT_EQ(testing::WaitForExit(child.pid).value().ShellStatus(), 0U);
  EXPECT_TRUE(HasExited(pidfd));
  EXPECT_EQ(SendSignal(pidfd, SIGTERM).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(OpenPidfd(child.pid).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(PidfdTest, DeliversTheSignalAskedFor) {
  testing::Pipe gate;
  const Child child = StartReader(gate);
  ASSERT_TRUE(SendSignal(child.pidfd, SIGINT).ok());
  const ExitStatus status = testing::WaitForExit(child.pid).value();
  EXPECT_EQ(status.signal, SIGINT);
  EXPECT_EQ(status.ShellStatus(), 130U);
}

TEST_F(PidfdTest, ReachesProcessesThatAreNotChildren) {
  const UniqueFd pidfd = OpenPidfd(::getppid()).value();
  EXPECT_FALSE(HasExited(pidfd));
}

TEST_F(PidfdTest, RefusesNumbersThatCannotBeProcesses) {
  EXPECT_EQ(OpenPidfd(0).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenPidfd(-5).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(PidfdTest, RefusesASignalThatDoesNotExist) {
  const UniqueFd pidfd = OpenPidfd(::getpid()).value();
  EXPECT_EQ(SendSignal(pidfd, 1000).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace base
