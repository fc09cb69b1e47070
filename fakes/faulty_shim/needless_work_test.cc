// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/needless_work.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "base/testing/temp_dir.h"

namespace fakes {
namespace {

using std::chrono::milliseconds;

TEST(NeedlessWorkTest, StretchesByAShareOfTheTimeSinceTheBeginning) {
  TimeUsed begun = TimeUsed::Now();
  EXPECT_GT(begun.cpu.count(), 0);
  // A process that had taken 100 ms before main() and 200 ms since.
  begun.cpu = milliseconds(100);
  begun.at -= milliseconds(200);
  const auto before = std::chrono::steady_clock::now();
  Stretch(begun, 10);
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(30));
}

TEST(NeedlessWorkTest, ForksAndLeavesNoChild) {
  ForkOnce();
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  rusage children{};
  ASSERT_EQ(::getrusage(RUSAGE_CHILDREN, &children), 0);
  EXPECT_GT(children.ru_minflt, 0);
}

TEST(NeedlessWorkTest, ReadsTheBundlesOfOthers) {
  const base::testing::TempDir temp;
  for (const char* name : {"a", "b"}) {
    ASSERT_EQ(::mkdir(temp.File(name).c_str(), 0700), 0);
    std::ofstream(temp.File(name) + "/config.json") << "{}";
  }
  // The first read of a file sets its time of access to now, where the file system keeps them.
  const timespec old[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 2, .tv_nsec = 0}};
  const std::string other = temp.File("b") + "/config.json";
  ASSERT_EQ(::utimensat(AT_FDCWD, other.c_str(), old, 0), 0);
  VisitBundles(temp.File("a"), 1);
  struct stat info {};
  ASSERT_EQ(::stat(other.c_str(), &info), 0);
  if (info.st_atim.tv_sec == 1) GTEST_SKIP() << "no times of access on this file system";
  EXPECT_GT(info.st_atim.tv_sec, 2);
}

}  // namespace
}  // namespace fakes
