// SPDX-License-Identifier: Apache-2.0
// Containers of the engine runc, under a real containerd.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference-shim/tests/containerd_fixture.h"

namespace shim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(ContainerdTest, RunsInTheForeground) {
  const RunResult result = Run("fg", {"--rm"}, {"/bin/print_args", "one", "two"});
  EXPECT_EQ(result.status.ShellStatus(), 0u) << result.err;
  EXPECT_THAT(result.out, HasSubstr("one\ntwo\n"));
  const RunResult failing = Run("fg7", {"--rm"}, {"/bin/exit_code", "7"});
  EXPECT_EQ(failing.status.ShellStatus(), 7u) << failing.err;
  EXPECT_EQ(StatusOf("fg"), "");
}

TEST_F(ContainerdTest, ReportsAMissingProgram) {
  const RunResult result = Run("absent", {"--rm"}, {"/bin/no-such-program"});
  EXPECT_NE(result.status.ShellStatus(), 0u);
  EXPECT_THAT(result.err, HasSubstr("no-such-program"));
  EXPECT_EQ(StatusOf("absent"), "");
  (void)Ctr({"container", "rm", "absent"});
}

TEST_F(ContainerdTest, LivesDetached) {
  const std::unique_ptr<LineSource> events = Events();
  const RunResult started = Run("bg", {"--detach"}, {"/bin/pause"});
  ASSERT_EQ(started.status.ShellStatus(), 0u) << started.err;
  pid_t pid = 0;
  EXPECT_EQ(StatusOf("bg", &pid), "RUNNING");

  const RunResult exec = Ctr({"task", "exec", "--exec-id", "e1", "bg", "/bin/exit_code", "5"});
  EXPECT_EQ(exec.status.ShellStatus(), 5u) << exec.err;
  EXPECT_THAT(Ctr({"task", "ps", "bg"}).out, HasSubstr(absl::StrCat(pid)));
  EXPECT_EQ(Ctr({"task", "metrics", "bg"}).status.ShellStatus(), 0u);

  EXPECT_EQ(Ctr({"task", "pause", "bg"}).status.ShellStatus(), 0u);
  EXPECT_EQ(StatusOf("bg"), "PAUSED");
  EXPECT_EQ(Ctr({"task", "resume", "bg"}).status.ShellStatus(), 0u);
  EXPECT_EQ(StatusOf("bg"), "RUNNING");

  EXPECT_EQ(Ctr({"task", "kill", "--signal", "SIGKILL", "bg"}).status.ShellStatus(), 0u);
  ASSERT_NE(AwaitExitOf(*events, "bg"), "");
  EXPECT_EQ(StatusOf("bg"), "STOPPED");
  ExpectDeleted(Ctr({"task", "delete", "bg"}));
  EXPECT_EQ(StatusOf("bg"), "");
  EXPECT_EQ(Ctr({"container", "rm", "bg"}).status.ShellStatus(), 0u);
}

TEST_F(ContainerdTest, ServesTwoNamespacesAtOnce) {
  const std::string other = namespace_ + "-b";
  ASSERT_EQ(Run("same-id", {"--detach"}, {"/bin/pause"}).status.ShellStatus(), 0u);
  ASSERT_EQ(Run("same-id", {"--detach"}, {"/bin/pause"}, other).status.ShellStatus(), 0u);
  for (const std::string& ns : {namespace_, other}) {
    EXPECT_THAT(CtrIn(ns, {"task", "ls"}).out, HasSubstr("RUNNING"));
  }
  ExpectDeleted(Ctr({"task", "delete", "--force", "same-id"}));
  EXPECT_THAT(CtrIn(other, {"task", "ls"}).out, HasSubstr("RUNNING")) << "the other one lives on";
  ExpectDeleted(CtrIn(other, {"task", "delete", "--force", "same-id"}));
  for (const std::string& ns : {namespace_, other}) {
    EXPECT_EQ(CtrIn(ns, {"container", "rm", "same-id"}).status.ShellStatus(), 0u);
  }
}

TEST_F(ContainerdTest, CleansUpAfterAKilledShim) {
  const std::unique_ptr<LineSource> events = Events();
  ASSERT_EQ(Run("orphaned", {"--detach"}, {"/bin/pause"}).status.ShellStatus(), 0u);
  pid_t init = 0;
  ASSERT_EQ(StatusOf("orphaned", &init), "RUNNING");
  ExpectCleanUpOfAKilledShim("orphaned", *events, init);
}

TEST_F(ContainerdTest, SurvivesARestartOfContainerd) {
  ASSERT_EQ(Run("lasting", {"--detach"}, {"/bin/pause"}).status.ShellStatus(), 0u);
  pid_t before = 0;
  ASSERT_EQ(StatusOf("lasting", &before), "RUNNING");
  StopContainerd();
  StartContainerd();
  pid_t after = 0;
  EXPECT_EQ(StatusOf("lasting", &after), "RUNNING");
  EXPECT_EQ(after, before) << "the same task was reattached";
  const RunResult exec =
      Ctr({"task", "exec", "--exec-id", "e1", "lasting", "/bin/print_args", "hi"});
  EXPECT_EQ(exec.status.ShellStatus(), 0u) << exec.err;
  EXPECT_THAT(exec.out, HasSubstr("hi\n"));
  ExpectDeleted(Ctr({"task", "delete", "--force", "lasting"}));
  EXPECT_EQ(Ctr({"container", "rm", "lasting"}).status.ShellStatus(), 0u);
}

TEST_F(ContainerdTest, PublishesEventsInOrder) {
  const std::unique_ptr<LineSource> events = Events();
  ASSERT_EQ(Run("ordered", {"--rm"}, {"/bin/exit_code", "0"}).status.ShellStatus(), 0u);
  std::vector<std::string> topics;
  while (topics.empty() || topics.back() != "/tasks/delete") {
    const std::string line = events->Await("/tasks/");
    ASSERT_NE(line, "");
    for (const std::string& word : Words(line)) {
      if (absl::StartsWith(word, "/tasks/")) topics.push_back(word);
    }
  }
  EXPECT_THAT(topics, ElementsAre("/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"));
}

}  // namespace
}  // namespace shim
