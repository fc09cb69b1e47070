// SPDX-License-Identifier: Apache-2.0
#include "base/fork.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <string>

#include "base/limits.h"
#include "base/pidfd.h"
#include "base/testing/leak_guard.h"

namespace base {
namespace {

using ::testing::HasSubstr;

class ForkTest : public testing::ProcessTest {
 protected:
  static absl::Status Run(absl::FunctionRef<absl::Status()> body) {
    absl::StatusOr<Fork> fork = RunInFork(body);
    EXPECT_TRUE(fork.ok()) << fork.status();
    return fork.ok() ? Result(*fork) : fork.status();
  }

  static absl::Status Result(const Fork& fork) {
    siginfo_t info{};
    EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(fork.child.pid), &info, WEXITED), 0);
    return ForkResult(fork, ExitStatusOf(info));
  }
};

TEST_F(ForkTest, WorksInACopy) {
  int touched = 0;
  EXPECT_EQ(Run([&] {
              touched = 1;
              return absl::OkStatus();
            }),
            absl::OkStatus());
  EXPECT_EQ(touched, 0);
}

TEST_F(ForkTest, TellsWhatFailed) {
  EXPECT_EQ(Run([] { return absl::NotFoundError("mount nothing: no such device"); }),
            absl::NotFoundError("mount nothing: no such device"));
  EXPECT_EQ(Run([] { return absl::UnauthenticatedError(""); }), absl::UnauthenticatedError(""));
}

TEST_F(ForkTest, CutsWhatIsTooLong) {
  const absl::Status status =
      Run([] { return absl::UnknownError(std::string(kForkComplaintBytesMax + 1, 'x')); });
  EXPECT_EQ(status, absl::UnknownError(std::string(kForkComplaintBytesMax, 'x')));
}

TEST_F(ForkTest, KilledIsInternal) {
  const absl::StatusOr<Fork> fork = RunInFork([]() -> absl::Status {
    for (;;) ::pause();
  });
  ASSERT_TRUE(fork.ok());
  ASSERT_EQ(::kill(fork->child.pid, SIGKILL), 0);
  const absl::Status status = Result(*fork);
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("137"));
}

// What the child sees, told by its failure.
TEST_F(ForkTest, InheritsNothingThatCouldHurt) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  sigset_t usr1;
  ::sigemptyset(&usr1);
  ::sigaddset(&usr1, SIGUSR1);
  ASSERT_EQ(::sigprocmask(SIG_BLOCK, &usr1, nullptr), 0);
  const auto before = ::signal(SIGUSR2, SIG_IGN);
  const absl::Status status = Run([&]() -> absl::Status {
    std::string seen;
    // The third one is the way out.
    for (const auto& [fd, target] : testing::OpenFds()) {
      if (fd != 3) seen += std::to_string(fd) + "=" + target + " ";
    }
    sigset_t mask;
    ::sigprocmask(SIG_SETMASK, nullptr, &mask);
    if (::sigismember(&mask, SIGUSR1) != 0) seen += "masked ";
    if (::signal(SIGUSR2, SIG_DFL) != SIG_DFL) seen += "ignored ";
    if (::getpgrp() != ::getpid()) seen += "group ";
    char cwd[PATH_MAX];
    seen += ::getcwd(cwd, sizeof cwd) != nullptr ? cwd : "nowhere";
    return absl::UnknownError(seen);
  });
  EXPECT_EQ(status.message(), "0=/dev/null 1=/dev/null 2=/dev/null /");
  ::signal(SIGUSR2, before);
  ASSERT_EQ(::sigprocmask(SIG_UNBLOCK, &usr1, nullptr), 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

// The copy's parent is a copy itself, which dies.
TEST_F(ForkTest, DiesWithItsParent) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const absl::StatusOr<Fork> fork = RunInFork([]() -> absl::Status {
      for (;;) ::pause();
    });
    const pid_t pid = fork.ok() ? fork->child.pid : -1;
    ::_exit(::write(ends[1], &pid, sizeof pid) == sizeof pid ? 0 : 1);
  }
  pid_t grandchild = -1;
  ASSERT_EQ(::read(ends[0], &grandchild, sizeof grandchild), ssize_t{sizeof grandchild});
  ASSERT_EQ(::waitpid(parent, nullptr, 0), parent);
  ASSERT_GT(grandchild, 0);
  const absl::StatusOr<UniqueFd> handle = OpenPidfd(grandchild);
  if (handle.ok()) {
    struct pollfd ended {
      handle->get(), POLLIN, 0
    };
    EXPECT_EQ(::poll(&ended, 1, 10000), 1) << "outlives its parent";
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

// The child's account of itself comes through a descriptor of the highest number it is to have.
TEST_F(ForkTest, ChildIsWhatAProgramWouldBe) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const auto before = ::signal(SIGUSR2, SIG_IGN);
  int memory = 1;
  const absl::StatusOr<Child> child = ForkAs({.cwd = "/",
                                              .fds = {{.source = ends[1], .target = 90},
                                                      {.source = ends[0], .target = ends[1]},
                                                      {.source = ends[1], .target = 1}}});
  ASSERT_TRUE(child.ok()) << child.status();
  if (child->pid == 0) {
    std::string seen = memory == 1 && ::getpgrp() == ::getpid() ? "" : "wrong ";
    for (const auto& [fd, target] : testing::OpenFds()) {
      seen += std::to_string(fd) + "=" + target.substr(0, target.find(':')) + " ";
    }
    if (::signal(SIGUSR2, SIG_DFL) != SIG_DFL) seen += "ignored ";
    char cwd[PATH_MAX];
    seen += ::getcwd(cwd, sizeof cwd) != nullptr ? cwd : "nowhere";
    ::_exit(::write(90, seen.data(), seen.size()) == static_cast<ssize_t>(seen.size()) ? 3 : 4);
  }
  ::signal(SIGUSR2, before);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child->pid), &info, WEXITED), 0);
  EXPECT_EQ(info.si_status, 3);
  char seen[256] = {};
  EXPECT_GT(::read(ends[0], seen, sizeof seen - 1), 0);
  EXPECT_EQ(std::string(seen),
            "0=/dev/null 1=pipe 2=/dev/null " + std::to_string(ends[1]) + "=pipe 90=pipe /");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(ForkTest, ChildThatCannotBeMadeEnds) {
  const absl::StatusOr<Child> child = ForkAs({.cwd = "/no/such/directory"});
  ASSERT_TRUE(child.ok()) << child.status();
  if (child->pid == 0) ::_exit(3);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child->pid), &info, WEXITED), 0);
  EXPECT_EQ(info.si_status, 127);
}

TEST_F(ForkTest, ChildCannotHaveWhatOnlyProgramsHave) {
  EXPECT_EQ(ForkAs({.parent_death_signal = SIGKILL}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ForkAs({.namespaces = CLONE_NEWNS}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace base
