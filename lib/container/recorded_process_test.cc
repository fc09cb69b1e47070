// SPDX-License-Identifier: Apache-2.0
#include "container/recorded_process.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <ctime>

#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "container/process_tree.h"

namespace container {
namespace {

using ::base::testing::ReadFile;
using ::base::testing::WriteFile;

class RecordedProcess : public base::testing::ProcessTest {};

TEST_F(RecordedProcess, IsFoundAgainWhileItLives) {
  const auto child = base::Spawn(base::testing::ChildProcess("wait"));
  ASSERT_TRUE(child.ok());
  const std::string path = temp_.File("init.pid");
  ASSERT_TRUE(WritePidFile(path, child->pid).ok());
  EXPECT_EQ(ReadFile(path), absl::StrCat(child->pid)) << "no newline (FILE-06)";
  EXPECT_EQ(ReadPidFile(path).value(), child->pid);
  {
    const auto found = OpenRecordedProcess(path);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_TRUE(base::SendSignal(*found, SIGKILL).ok());
  }
  EXPECT_EQ(base::testing::WaitForExit(child->pid)->signal, SIGKILL);
  EXPECT_EQ(OpenRecordedProcess(path).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RecordedProcess, AYoungerOneWithTheSamePidIsSomeoneElse) {
  const std::string path = temp_.File("init.pid");
  const auto child = base::Spawn(base::testing::ChildProcess("wait"));
  ASSERT_TRUE(child.ok());
  ASSERT_TRUE(WritePidFile(path, child->pid).ok());
  timespec an_hour_ago{};
  ::clock_gettime(CLOCK_REALTIME, &an_hour_ago);
  an_hour_ago.tv_sec -= 3600;
  const timespec times[2] = {an_hour_ago, an_hour_ago};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  EXPECT_EQ(OpenRecordedProcess(path).status().code(), absl::StatusCode::kNotFound);
  ASSERT_EQ(::kill(child->pid, SIGKILL), 0);
  EXPECT_TRUE(base::testing::WaitForExit(child->pid).ok());
}

TEST_F(RecordedProcess, ItsStartTimeTellsWhateverTheWallClockSays) {
  const std::string path = temp_.File("vmm.pid");
  const auto child = base::Spawn(base::testing::ChildProcess("wait"));
  ASSERT_TRUE(child.ok());
  ASSERT_TRUE(RecordProcess(path, child->pid).ok());
  const auto info = ReadProcessInfo(child->pid);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(ReadFile(path), absl::StrCat(child->pid, " ", info->start_ticks));
  EXPECT_EQ(ReadPidFile(path).value(), child->pid);
  const timespec long_ago[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), long_ago, 0), 0);
  EXPECT_TRUE(OpenRecordedProcess(path).ok()) << "the clock was stepped forward since";
  WriteFile(path, absl::StrCat(child->pid, " ", info->start_ticks - 1));
  EXPECT_EQ(OpenRecordedProcess(path).status().code(), absl::StatusCode::kNotFound)
      << "the pid is used again, and the clock was stepped back";
  ASSERT_EQ(::kill(child->pid, SIGKILL), 0);
  EXPECT_TRUE(base::testing::WaitForExit(child->pid).ok());
}

TEST_F(RecordedProcess, OneThatIsGoneIsRecordedByItsPid) {
  const std::string path = temp_.File("vmm.pid");
  const auto child = base::Spawn(base::testing::ChildProcess("wait"));
  ASSERT_TRUE(child.ok());
  ASSERT_EQ(::kill(child->pid, SIGKILL), 0);
  ASSERT_TRUE(base::testing::WaitForExit(child->pid).ok());
  EXPECT_TRUE(RecordProcess(path, child->pid).ok());
  EXPECT_EQ(ReadFile(path), absl::StrCat(child->pid));
  EXPECT_EQ(OpenRecordedProcess(path).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(RecordedProcess, WhatIsNoPidIsRefused) {
  const std::string path = temp_.File("init.pid");
  EXPECT_EQ(ReadPidFile(path).status().code(), absl::StatusCode::kNotFound);
  for (const char* text : {"", "0", "-1", "12x", "99999999999", "12 x", "12 3 4"}) {
    WriteFile(path, text);
    EXPECT_EQ(ReadPidFile(path).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST_F(RecordedProcess, AnUnwritableDirectoryLeavesNothing) {
  EXPECT_FALSE(WritePidFile(temp_.File("no/such/init.pid"), 1).ok());
}

}  // namespace
}  // namespace container
