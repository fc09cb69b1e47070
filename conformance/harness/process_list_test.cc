// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/process_list.h"

#include <absl/functional/function_ref.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/string_view.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/fork.h"
#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ProcessListTest : public base::testing::ProcessTest {};

constexpr pid_t kPid = 5'000'000;  // above all that the kernel gives

// Reads a /proc that the test wrote.
class WrittenProcTest : public ProcessListTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: changes the root directory";
  }

  void Write(pid_t pid, absl::string_view name, absl::string_view text) {
    const std::string directory = temp_.File(absl::StrCat("proc/", pid));
    std::filesystem::create_directories(directory);
    base::testing::WriteFile(absl::StrCat(directory, "/", name), text);
  }

  // What `look` says in a process to which the temporary directory is the whole world.
  std::string Ask(absl::FunctionRef<std::string()> look) {
    const absl::StatusOr<base::Fork> fork = base::RunInFork([&]() noexcept -> absl::Status {
      if (::chroot(temp_.path().c_str()) != 0) return absl::InternalError("chroot");
      return absl::UnknownError(look());
    });
    EXPECT_TRUE(fork.ok()) << fork.status();
    if (!fork.ok()) return "";
    const absl::StatusOr<base::ExitStatus> exit = base::testing::WaitForExit(fork->child.pid);
    EXPECT_TRUE(exit.ok()) << exit.status();
    if (!exit.ok()) return "";
    const absl::Status told = base::ForkResult(*fork, *exit);
    EXPECT_EQ(told.code(), absl::StatusCode::kUnknown) << told;
    return std::string(told.message());
  }

  std::string Read() {
    return Ask([] {
      const std::optional<ProcessInfo> info = ReadProcess(kPid);
      if (!info) return std::string("none");
      return absl::StrCat(info->pid, " [", info->name, "] ", std::string(1, info->state), " ",
                          info->parent, " ", info->group, " ", info->session, ": ",
                          absl::StrJoin(info->argv, "|"), " (", info->argv.size(), ")");
    });
  }
};

TEST_F(WrittenProcTest, EveryFieldIsRead) {
  Write(kPid, "stat", "5000000 (a) (b) S 2 3 4 0 -1\n");
  EXPECT_EQ(Read(), "5000000 [a) (b] S 2 3 4:  (0)");
  Write(kPid, "cmdline", absl::string_view("sleep\0\0009\0", 9));
  EXPECT_EQ(Read(), "5000000 [a) (b] S 2 3 4: sleep||9 (3)");
  Write(kPid, "cmdline", "sshd: root@pts/0");
  EXPECT_EQ(Read(), "5000000 [a) (b] S 2 3 4: sshd: root@pts/0 (1)") << "a title, not terminated";
}

TEST_F(WrittenProcTest, WhatDescribesNoProcessIsNone) {
  for (const char* const stat :
       {"", "5000000", "5000000 a) S 2 3 4 0", "(S 2 3 4 0", "5000000 (a)", "5000000 (a) ",
        "5000000 (a) S", "5000000 (a) S 2", "5000000 (a) S 2 3", "5000000 (a)  2 3 4",
        "5000000 (a) S x 3 4", "5000000 (a) S 2 x 4", "5000000 (a) S 2 3 x"}) {
    Write(kPid, "stat", stat);
    EXPECT_EQ(Read(), "none") << stat;
  }
}

TEST_F(WrittenProcTest, ProcessesComeByPidWhateverTheOrderOfTheDirectory) {
  for (const int i : {5, 1, 9, 3, 7, 2, 8, 4, 6}) {
    Write(kPid + i, "stat", absl::StrCat(kPid + i, " (a) S 1 1 1 0"));
  }
  EXPECT_EQ(Ask([] {
              return absl::StrJoin(ListProcesses(), " ",
                                   [](std::string* out, const ProcessInfo& info) {
                                     absl::StrAppend(out, info.pid - kPid);
                                   });
            }),
            "1 2 3 4 5 6 7 8 9");
}

TEST_F(ProcessListTest, NothingIsListedWhenProcCannotBeRead) {
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const std::vector<ProcessInfo> processes = ListProcesses();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(processes, IsEmpty());
}

TEST_F(ProcessListTest, ShowsAChildAndForgetsItWhenItIsGone) {
  absl::StatusOr<base::testing::Pipe> in = base::testing::MakePipe();
  absl::StatusOr<base::testing::Pipe> out = base::testing::MakePipe();
  ASSERT_TRUE(in.ok() && out.ok());
  base::SpawnSpec spec;
  spec.path = "/bin/cat";
  spec.argv = {"cat ) (x", "-"};
  spec.fds = {{.source = in->read.get(), .target = 0}, {.source = out->write.get(), .target = 1}};
  absl::StatusOr<base::Child> child = base::Spawn(spec);
  ASSERT_TRUE(child.ok()) << child.status();
  // The kernel lets the parent of a vfork go on before the new program's arguments can be seen;
  // what the program answers comes after.
  char byte = 'x';
  ASSERT_EQ(::write(in->write.get(), &byte, 1), 1);
  ASSERT_EQ(::read(out->read.get(), &byte, 1), 1);

  const std::optional<ProcessInfo> info = ReadProcess(child->pid);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->parent, ::getpid());
  EXPECT_EQ(info->group, child->pid);
  EXPECT_EQ(info->name, "cat");
  EXPECT_THAT(info->argv, ElementsAre("cat ) (x", "-"));
  EXPECT_THAT(ListProcesses(),
              ::testing::Contains(::testing::Field(&ProcessInfo::pid, child->pid)));
  EXPECT_THAT(ListProcesses(),
              ::testing::Not(::testing::Contains(::testing::Field(&ProcessInfo::pid, ::getpid()))));

  ASSERT_EQ(base::SendSignal(child->pidfd, SIGKILL), absl::OkStatus());
  ASSERT_TRUE(base::testing::WaitForExit(child->pid).ok());
  EXPECT_EQ(ReadProcess(child->pid), std::nullopt);
}

}  // namespace
}  // namespace conformance
