// SPDX-License-Identifier: Apache-2.0
#include "base/testing/leak_guard.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>

#include "base/spawn.h"
#include "base/testing/child_main.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"

namespace base::testing {
namespace {

using ::testing::HasSubstr;

// The failures that `body` under a guard of its own causes, as one text.
std::string FailuresOf(const std::function<void()>& body) {
  ::testing::TestPartResultArray results;
  {
    const ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
    const LeakGuard guard;
    body();
  }
  std::string text;
  for (int i = 0; i < results.size(); ++i) {
    absl::StrAppend(&text, results.GetTestPartResult(i).message(), "\n");
  }
  return text;
}

TEST(LeakGuardTest, IsContentWithACleanTest) {
  EXPECT_EQ(FailuresOf([] { EXPECT_TRUE(RunToExit("/bin/true", {}).ok()); }), "");
}

TEST(LeakGuardTest, NamesALeftDescriptor) {
  int fd = -1;
  const std::string failures = FailuresOf([&] { fd = ::open("/dev/zero", O_RDONLY | O_CLOEXEC); });
  EXPECT_THAT(failures, HasSubstr(absl::StrCat("left descriptor ", fd, ": /dev/zero")));
  ::close(fd);
}

TEST(LeakGuardTest, NamesALostAndAReplacedDescriptor) {
  const int lost = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  EXPECT_THAT(FailuresOf([&] { ::close(lost); }),
              HasSubstr(absl::StrCat("lost descriptor ", lost, ": /dev/zero")));
  const int replaced = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  EXPECT_THAT(FailuresOf([&] {
                ::close(replaced);
                ::open("/dev/null", O_RDONLY | O_CLOEXEC);
              }),
              HasSubstr("was /dev/zero, is /dev/null"));
  ::close(replaced);
}

TEST(LeakGuardTest, NamesKillsAndReapsALeftChild) {
  const LeakGuard outer;  // content afterwards: the inner one cleaned up
  const Pipe gate = MakePipe().value();
  pid_t pid = -1;
  const std::string failures = FailuresOf([&] {
    SpawnSpec spec;
    spec.path = "/bin/cat";
    spec.argv = {"cat"};
    spec.fds = {{gate.read.get(), 0}};
    pid = Spawn(spec).value().pid;
  });
  EXPECT_THAT(failures, HasSubstr(absl::StrCat("left child: ", pid, " (cat)")));
}

TEST(LeakGuardTest, NamesAZombie) {
  const std::string failures = FailuresOf([] {
    const pid_t pid = ::vfork();
    if (pid == 0) ::_exit(0);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  });
  EXPECT_THAT(failures, HasSubstr(") Z "));
}

TEST(LeakGuardTest, NoticesAChangedSignalMaskAndDisposition) {
  EXPECT_THAT(FailuresOf([] { ::signal(SIGUSR1, SIG_IGN); }), HasSubstr("signal mask"));
  ::signal(SIGUSR1, SIG_DFL);
}

TEST(TempDirTest, IsPrivateAndRemovedWithAllItHolds) {
  std::string path;
  {
    const TempDir dir;
    path = dir.path();
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0700U);
    ASSERT_EQ(::mkdir(dir.File("sub").c_str(), 0700), 0);
    WriteFile(dir.File("sub/file"), "text", 0600);
    EXPECT_EQ(ReadFile(dir.File("sub/file")), "text");
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST(RunToExitTest, CarriesMoreThanAPipeHoldsBothWays) {
  const LeakGuard guard;
  const std::string input(1 << 20, 'i');
  const auto result = RunToExit("/bin/cat", {}, input);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->out, input);
}

TEST(RunToExitTest, SurvivesAChildThatDoesNotReadItsInput) {
  const LeakGuard guard;
  const auto result = RunToExit("/bin/true", {}, std::string(1 << 20, 'i'));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->status.ShellStatus(), 0U);
}

TEST(ChildMainTest, AnUnknownChildIsRefused) {
  const LeakGuard guard;
  const auto result = RunToExit(ChildProcess("nobody"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->status.code, 127);
  EXPECT_THAT(result->err, HasSubstr("no such child"));
}

}  // namespace
}  // namespace base::testing
