// SPDX-License-Identifier: Apache-2.0
#include "base/kernel_file.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/limits.h"
#include "base/testing/temp_dir.h"

namespace base {
namespace {

TEST(KernelFile, ReadsWhatHasNoSize) {
  const absl::StatusOr<std::string> stat =
      ReadKernelFile(absl::StrCat("/proc/", getpid(), "/stat"));
  ASSERT_TRUE(stat.ok()) << stat.status();
  EXPECT_EQ(stat->rfind(absl::StrCat(getpid(), " ("), 0), 0U);
  EXPECT_EQ(stat->back(), '\n');
}

TEST(KernelFile, ReadsMoreThanOneChunk) {
  const testing::TempDir directory;
  const std::string path = directory.path() + "/long";
  std::string text;
  for (int i = 0; i < 10000; ++i) absl::StrAppend(&text, i, "\n");
  testing::WriteFile(path, "");
  ASSERT_TRUE(WriteKernelFile(path, text).ok());
  const absl::StatusOr<std::string> read = ReadKernelFile(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, text);
}

TEST(KernelFile, AbsentIsNotFound) {
  EXPECT_EQ(ReadKernelFile("/proc/self/nothing").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(WriteKernelFile("/proc/self/nothing", "1").code(), absl::StatusCode::kNotFound);
}

// The file of a process that goes between open and read answers ESRCH. /proc/PID of a reaped
// process stays open through a descriptor of its directory.
TEST(KernelFile, ReapedProcessIsNotFound) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  ASSERT_GT(child, 0);
  const int stat = open(absl::StrCat("/proc/", child, "/stat").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(stat, 0);
  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  char byte = 0;
  EXPECT_EQ(read(stat, &byte, 1), -1);
  EXPECT_EQ(errno, ESRCH);
  // Opening that descriptor's file again is what a reader in the race would have read from.
  const absl::StatusOr<std::string> text = ReadKernelFile(absl::StrCat("/proc/self/fd/", stat));
  EXPECT_EQ(text.status().code(), absl::StatusCode::kNotFound) << text.status();
  close(stat);
}

TEST(KernelFile, TooLongIsRefused) {
  EXPECT_EQ(ReadKernelFile("/dev/zero").status().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace base
