// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

#include "fakes/guest_agent/limits.h"
#include "fakes/guest_agent/testing/guest_world.h"

namespace fakes {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Agent = grpc::AgentServiceClient;

class GuestStdioTest : public testing::GuestTest {
 protected:
  // Asks until the process has gone. Each question runs the loop, so that its end is dealt with in
  // one of them.
  bool AwaitGone(const std::string& id, const std::string& exec_id) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < limit) {
      if (absl::IsNotFound(Signal(id, exec_id, kNoSignal))) return true;
    }
    return false;
  }

  static constexpr unsigned kNoSignal = 127;
};

TEST_F(GuestStdioTest, DataGoesThroughAndBackUnaltered) {
  BootSandbox();
  RunScript("c", "exec cat");
  std::string sent;
  for (int i = 0; i < 20000; ++i) absl::StrAppend(&sent, i, "\n");
  grpc::WriteStreamRequest request;
  request.set_container_id("c");
  request.set_data(sent);
  const auto write = Begin(&Agent::WriteStdin, request);
  request.clear_data();
  const auto end = Begin(&Agent::WriteStdin, request);  // nothing: the end
  EXPECT_EQ(ReadAll("c"), sent);
  EXPECT_EQ(Await(write)->len(), sent.size());
  EXPECT_TRUE(Await(end).ok());
  EXPECT_EQ(Wait("c"), 0);
}

TEST_F(GuestStdioTest, AWriterThatIsHeldUpHoldsUpNobodyElse) {
  BootSandbox();
  RunScript("c", "exec sleep 1000");
  grpc::WriteStreamRequest request;
  request.set_container_id("c");
  request.set_data(std::string(1 << 20, 'x'));
  const auto held = Begin(&Agent::WriteStdin, request);
  Settle();
  EXPECT_FALSE(held->has_value());
  EXPECT_EQ(Exec("c", "e", "exit 2"), absl::OkStatus());
  EXPECT_EQ(Wait("c", "e"), 2);
  EXPECT_FALSE(held->has_value());
  EXPECT_EQ(Signal("c", "", SIGKILL), absl::OkStatus());
  EXPECT_FALSE(Await(held).ok()) << "nobody will ever read it";
}

TEST_F(GuestStdioTest, ThereIsABoundForWhatWaits) {
  BootSandbox();
  RunScript("c", "exec sleep 1000");
  grpc::WriteStreamRequest request;
  request.set_container_id("c");
  request.set_data(std::string(2 << 20, 'x'));
  std::vector<testing::Pending<grpc::WriteStreamResponse>> writes;
  for (int i = 0; i < 5; ++i) writes.push_back(Begin(&Agent::WriteStdin, request));
  static_assert(kGuestStdinBytesMax < 5 * (2 << 20));
  EXPECT_EQ(Await(writes.back()).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(writes.front()->has_value());
}

TEST_F(GuestStdioTest, ClosingIsIdempotentAndFinal) {
  BootSandbox();
  RunScript("c", "cat >/dev/null; echo end; exec sleep 1000");
  grpc::CloseStdinRequest close;
  close.set_container_id("c");
  EXPECT_TRUE(Do(&Agent::CloseStdin, close).ok());
  EXPECT_EQ(ReadAll("c", "", "end"), "end\n");
  EXPECT_TRUE(Do(&Agent::CloseStdin, close).ok());
  EXPECT_EQ(Write("c", "", "more").code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(GuestStdioTest, ReadsAreAnsweredInOrderAndNoLargerThanAskedFor) {
  BootSandbox();
  RunScript("c", "exec cat");
  const auto first = BeginRead("c", "", 3);
  const auto second = BeginRead("c", "", 3);
  ASSERT_EQ(Write("c", "", "abcdef"), absl::OkStatus());
  EXPECT_EQ(Await(first)->data(), "abc");
  EXPECT_EQ(Await(second)->data(), "def");
}

TEST_F(GuestStdioTest, AReadThatWaitsAtTheExitEndsSoonAfterIt) {
  BootSandbox();
  RunScript("c", "exec sleep 1000");
  ASSERT_TRUE(Exec("c", "e", "sleep 1000 & read line; exit 4").ok());
  const auto out = BeginRead("c", "e");
  Settle();
  ASSERT_TRUE(Write("c", "e", "\n").ok());
  EXPECT_EQ(Await(out)->data(), "") << "though somebody holds the output";
  EXPECT_EQ(Wait("c", "e"), 4);
}

TEST_F(GuestStdioTest, AReadAfterTheExitWaitsForWhoHoldsTheOutput) {
  BootSandbox();
  RunScript("c", "exec sleep 1000");
  ASSERT_TRUE(Exec("c", "e", "sleep 1000 & exit 4").ok());
  ASSERT_TRUE(AwaitGone("c", "e"));
  const auto late = BeginRead("c", "e");
  Settle();
  EXPECT_FALSE(late->has_value());
  EXPECT_EQ(Wait("c", "e"), 4);
  EXPECT_EQ(Await(late)->data(), "") << "the end of the process is that of its reads";
}

TEST_F(GuestStdioTest, AProcessThatWasWaitedForIsForgottenWithItsOutput) {
  BootSandbox();
  RunScript("c", "read line; echo last");
  ASSERT_TRUE(Exec("c", "e", "echo last").ok());
  EXPECT_EQ(Wait("c", "e"), 0);
  EXPECT_TRUE(absl::IsNotFound(Await(BeginRead("c", "e")).status()));
  EXPECT_TRUE(absl::IsNotFound(Await(BeginWait("c", "e")).status()));
  ASSERT_TRUE(Write("c", "", "\n").ok());
  EXPECT_EQ(Wait("c"), 0);
  EXPECT_TRUE(absl::IsNotFound(Await(BeginRead("c")).status()));
  EXPECT_TRUE(Remove("c").ok());
}

TEST_F(GuestStdioTest, AnotherExecTakesNothingFromOneThatIsNotReadYet) {
  BootSandbox();
  RunScript("c", "exec sleep 1000");
  ASSERT_TRUE(Exec("c", "e", "echo last").ok());
  ASSERT_TRUE(Exec("c", "other", "exit 0").ok());
  EXPECT_EQ(Wait("c", "other"), 0);
  EXPECT_EQ(ReadAll("c", "e"), "last\n");
}

TEST_F(GuestStdioTest, ANumberThatIsNoSignalTellsWhetherAProcessRuns) {
  BootSandbox();
  RunScript("c", "exec cat");
  EXPECT_TRUE(absl::IsInvalidArgument(Signal("c", "c", kNoSignal)));
  EXPECT_TRUE(Write("c", "", "").ok());
  EXPECT_TRUE(AwaitGone("c", "c"));
  EXPECT_EQ(Wait("c"), 0);
}

TEST_F(GuestStdioTest, ALostCallerLosesNoData) {
  BootSandbox();
  RunScript("c", "exec cat");
  const auto lost = BeginRead("c");
  Settle();
  client_ = Connect();
  Settle();
  ASSERT_EQ(Write("c", "", "kept\n"), absl::OkStatus());
  EXPECT_EQ(ReadAll("c", "", "kept"), "kept\n");
}

TEST_F(GuestStdioTest, ATerminalHasASizeAndOneOutput) {
  BootSandbox();
  grpc::CreateContainerRequest request =
      Container("c", {"/bin/sh", "-c", "read line; stty size; tty; echo \"<$line>\" >&2; exit 9"});
  request.mutable_oci()->mutable_process()->set_terminal(true);
  ASSERT_EQ(Create(request), absl::OkStatus());
  grpc::TtyWinResizeRequest resize;
  resize.set_container_id("c");
  resize.set_row(33);
  resize.set_column(99);
  EXPECT_TRUE(Do(&Agent::TtyWinResize, resize).ok());
  ASSERT_EQ(Start("c"), absl::OkStatus());
  ASSERT_EQ(Write("c", "", "hello\n"), absl::OkStatus());
  const std::string output = ReadAll("c");
  EXPECT_THAT(output, HasSubstr("33 99\r\n"));
  EXPECT_THAT(output, HasSubstr("/dev/pts/0\r\n"));
  EXPECT_THAT(output, HasSubstr("<hello>\r\n"));
  EXPECT_THAT(ReadAll("c", "", "", /*errors=*/true), IsEmpty());
  EXPECT_EQ(Wait("c"), 9);
}

TEST_F(GuestStdioTest, AnExecCanHaveATerminalToo) {
  BootSandbox();
  RunScript("c", "exec sleep 1000");
  ASSERT_TRUE(Exec("c", "e", "read line; tty", /*terminal=*/true).ok());
  ASSERT_EQ(Write("c", "e", "go\n"), absl::OkStatus());
  EXPECT_THAT(ReadAll("c", "e"), HasSubstr("/dev/pts/"));
  EXPECT_EQ(Wait("c", "e"), 0);
  grpc::TtyWinResizeRequest resize;
  resize.set_container_id("c");
  EXPECT_EQ(Do(&Agent::TtyWinResize, resize).status().code(), absl::StatusCode::kUnavailable);
}

// Kata's shim in Go hands on what the agent says, so it has to say something.
TEST_F(GuestStdioTest, ATerminalThatCannotBeMadeIsNamed) {
  BootSandbox();
  grpc::CreateContainerRequest request = Container("c", {"/bin/sleep", "1000"});
  grpc::Spec& spec = *request.mutable_oci();
  for (int i = 0; i < spec.mounts_size(); ++i) {
    if (spec.mounts(i).type() != "devpts") continue;
    spec.mutable_mounts()->DeleteSubrange(i, 1);
    break;
  }
  ASSERT_EQ(Create(request), absl::OkStatus());
  ASSERT_EQ(Start("c"), absl::OkStatus());
  const absl::Status refused = Exec("c", "e", "tty", /*terminal=*/true);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("/dev/ptmx")) << refused;
}

}  // namespace
}  // namespace fakes
