// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/spawn.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/unique_fd.h"

namespace {

using base::testing::RunResult;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// A request frame for State of the Task service, without a payload.
std::string StateRequest() {
  const std::string body =
      "\x0a\x17"
      "containerd.task.v2.Task"
      "\x12\x05"
      "State";
  std::string frame(10, '\0');
  frame[3] = static_cast<char>(body.size());
  frame[7] = 1;
  frame[8] = 1;
  return frame + body;
}

class NullShimTest : public base::testing::ProcessTest {
 protected:
  static RunResult Run(const std::vector<std::string>& args, const std::string& input = "") {
    auto result = base::testing::RunToExit(NULL_SHIM, args, input);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : RunResult{};
  }

  // Starts the daemon of `subject` with a listener that a client is connected to.
  base::UniqueFd ConnectTo(const std::string& subject) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, temp_.File(subject).c_str(), sizeof address.sun_path - 1);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    const base::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::bind(listener.get(), generic, sizeof address), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    base::SpawnSpec spec;
    spec.path = NULL_SHIM;
    spec.argv = {"null-shim", "--subject=" + subject, "--serve"};
    spec.fds = {{.source = listener.get(), .target = 3}};
    auto child = base::Spawn(spec);
    EXPECT_TRUE(child.ok()) << child.status();
    if (child.ok()) daemon_ = child->pid;
    base::UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(client.get(), generic, sizeof address), 0);
    return client;
  }

  // What it sends on a request, until `bytes` are there or it closes.
  std::string AnswerOf(const std::string& subject, std::size_t bytes) {
    const base::UniqueFd client = ConnectTo(subject);
    const std::string request = StateRequest();
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    // Who is dead or closes may be gone already.
    (void)!::send(client.get(), request.data(), request.size(), MSG_NOSIGNAL);
    std::string answer(bytes, '\0');
    const ssize_t got = ::recv(client.get(), answer.data(), bytes, MSG_WAITALL);
    answer.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    ::kill(daemon_, SIGKILL);
    EXPECT_TRUE(base::testing::WaitForExit(daemon_).ok());
    return answer;
  }

  pid_t daemon_ = -1;
};

TEST_F(NullShimTest, ListNamesThemOneALine) {
  const RunResult list = Run({"--list"});
  EXPECT_EQ(list.status.code, 0);
  const std::vector<std::string> lines = absl::StrSplit(list.out, '\n', absl::SkipEmpty());
  EXPECT_GT(lines.size(), 20U);
  for (const std::string& line : lines) {
    EXPECT_THAT(line, ::testing::MatchesRegex("[a-z0-9-]+\t[^\t]+"));
  }
  EXPECT_THAT(lines, Contains(StartsWith("fork-bomb\t")));
}

TEST_F(NullShimTest, AWrongSubjectIsNamed) {
  const RunResult wrong = Run({"--subject=nobody", "start"});
  EXPECT_EQ(wrong.status.code, 64);
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("'nobody'"), HasSubstr("--list")));
}

TEST_F(NullShimTest, ProgramsDoTheSameWhateverIsAsked) {
  EXPECT_EQ(Run({"--subject=true", "start"}).status.code, 0);
  EXPECT_EQ(Run({"--subject=false", "-v"}).status.code, 1);
  EXPECT_EQ(Run({"--subject=cat", "-info"}, "abc").out, "abc");
}

TEST_F(NullShimTest, CommandsOfTheOthersAreRight) {
  EXPECT_THAT(Run({"--subject=closes-at-once", "-v"}).out, HasSubstr("closes-at-once"));
  EXPECT_THAT(Run({"--subject=closes-at-once", "-info"}).out, HasSubstr("io.containerd.null.v1"));
  EXPECT_EQ(Run({"--subject=closes-at-once", "-nope", "start"}).status.code, 2);
  const RunResult nameless = Run({"--subject=closes-at-once", "-id", "c", "start"});
  EXPECT_EQ(nameless.status.code, 1);
  EXPECT_THAT(nameless.err, HasSubstr("namespace cannot be empty"));
  EXPECT_THAT(nameless.out, IsEmpty());
}

TEST_F(NullShimTest, DaemonsAnswerAsTheyAreCalled) {
  constexpr std::size_t kHeader = 10;
  const std::string request = StateRequest();
  EXPECT_EQ(AnswerOf("echoes-requests", request.size()), request);
  EXPECT_THAT(AnswerOf("closes-at-once", kHeader), IsEmpty());
  EXPECT_THAT(AnswerOf("correct-bootstrap-only", kHeader), IsEmpty());
  EXPECT_EQ(AnswerOf("random-bytes", 512).size(), 512U);
  const std::string empty = AnswerOf("ok-empty-to-everything", kHeader);
  ASSERT_EQ(empty.size(), kHeader) << "a frame without data";
  EXPECT_EQ(empty[8], 2) << "no response frame";
  EXPECT_EQ(empty[7], 1) << "not on the stream of the request";
  EXPECT_THAT(AnswerOf("internal-to-everything", 36), HasSubstr("something went wrong"));
  EXPECT_THAT(AnswerOf("connects-then-not-found", 25), HasSubstr("not found"));
  EXPECT_THAT(AnswerOf("replays-an-old-recording", 51), HasSubstr("golden"));
}

}  // namespace
