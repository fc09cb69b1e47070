// SPDX-License-Identifier: Apache-2.0
// Frames recorded from another implementation (fixtures/ttrpc/README.md): both our ends share one
// codec, so only these bytes show that it is the right one.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "ttrpc/client_session.h"
#include "ttrpc/envelope.h"
#include "ttrpc/server_session.h"
#include "ttrpc/testing/frames.h"
#include "ttrpc/testing/oracle.h"

namespace ttrpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::OwnedFrame;
using ::testing::SizeIs;

const std::filesystem::path kDirectory = SHIMGAUGE_GOLDEN_DIRECTORY;

std::string Golden(const std::string& name) {
  std::ifstream in(kDirectory / (name + ".bin"), std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

OwnedFrame GoldenFrame(const std::string& name) {
  const std::vector<OwnedFrame> frames = testing::SplitFrames(Golden(name));
  EXPECT_EQ(frames.size(), 1u) << name;
  return frames.empty() ? OwnedFrame{} : frames[0];
}

testing::Answer GoldenAnswer(const std::string& name) {
  return testing::ToAnswer(GoldenFrame(name + ".reply"));
}

std::vector<std::string> Names(const std::string& ending) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kDirectory)) {
    const std::string name = entry.path().filename();
    if (absl::EndsWith(name, ending)) names.push_back(name.substr(0, name.size() - 4));
  }
  return names;
}

TEST(Golden, EveryReplyIsReadAndWrittenAgain) {
  const std::vector<std::string> names = Names(".reply.bin");
  EXPECT_GE(names.size(), 12u);
  for (const std::string& name : names) {
    const OwnedFrame frame = GoldenFrame(name);
    EXPECT_EQ(frame.header.type, kFrameResponse);
    EXPECT_EQ(frame.header.flags, 0);
    const absl::StatusOr<ResponseEnvelope> response = DecodeResponse(frame.data);
    ASSERT_TRUE(response.ok()) << name;
    EXPECT_EQ(testing::ResponseFrame(frame.header.stream, *response), Golden(name)) << name;
    testing::CheckResponseAgainstOracle(frame.data);
  }
}

TEST(Golden, EveryRequestIsReadAndWrittenAgain) {
  const std::vector<std::string> names = Names(".request.bin");
  EXPECT_GE(names.size(), 14u);
  for (const std::string& name : names) {
    const OwnedFrame frame = GoldenFrame(name);
    testing::CheckRequestAgainstOracle(frame.data);
    if (name == "undecodable-envelope.request") continue;
    const absl::StatusOr<RequestEnvelope> request = DecodeRequest(frame.data);
    ASSERT_TRUE(request.ok()) << name;
    EXPECT_EQ(testing::RequestFrame(frame.header.stream, *request), Golden(name)) << name;
  }
}

// TT-12, TT-14, TT-15, TT-04, TT-06: the codes on which ours must agree with theirs.
TEST(Golden, CodesOfTheReplies) {
  const std::vector<std::pair<std::string, int>> expected = {
      {"connect", 0},
      {"wait", 0},
      {"shutdown", 0},
      {"state-not-found", 5},
      {"kill-finished", 5},
      {"unknown-service", 12},
      {"unknown-method", 12},
      {"oversized", 8},
      {"even-stream", 3},
      {"undecodable-envelope", 3},
      {"undecodable-payload", 13},
  };
  for (const auto& [name, code] : expected) EXPECT_EQ(GoldenAnswer(name).code, code) << name;
  EXPECT_EQ(GoldenFrame("shutdown.reply").header.length, 0u);
  EXPECT_EQ(GoldenAnswer("even-stream").stream, 2u);
  EXPECT_THAT(GoldenAnswer("create-exists").message, HasSubstr("already exists"));
}

// TT-11, TT-13, TT-19: what the shim sends as a client.
TEST(Golden, ForwardRequestsAreCallsForOurServer) {
  ServerSession session;
  std::vector<std::string> calls;
  for (const char* event : {"create", "start", "exit", "delete"}) {
    const std::string bytes = Golden(absl::StrCat("forward-tasks-", event, ".request"));
    testing::Feed(session, bytes, 7, [&] {
      while (const auto call = session.NextCall(Clock::time_point())) {
        EXPECT_THAT(call->request.metadata,
                    ElementsAre(Metadata{"containerd-namespace-ttrpc", "shimgauge-capture"}));
        EXPECT_GT(call->request.timeout_nano, 4'000'000'000);
        EXPECT_LE(call->request.timeout_nano, 5'000'000'000);
        EXPECT_THAT(std::string(call->request.payload), HasSubstr(absl::StrCat("/tasks/", event)));
        calls.push_back(absl::StrCat(call->request.service, "/", call->request.method));
      }
    });
  }
  EXPECT_THAT(calls, SizeIs(4));
  EXPECT_THAT(calls, ::testing::Each("containerd.services.events.ttrpc.v1.Events/Forward"));
}

TEST(Golden, OurServerAnswersAsTheirsDid) {
  for (const char* name : {"undecodable-envelope", "even-stream"}) {
    ServerSession session;
    testing::Feed(session, Golden(absl::StrCat(name, ".request")), 1 << 20,
                  [&] { EXPECT_FALSE(session.NextCall(Clock::time_point())); });
    const auto answers = testing::TakeAnswers(session.output());
    ASSERT_THAT(answers, SizeIs(1)) << name;
    EXPECT_EQ(answers[0].stream, GoldenAnswer(name).stream);
    EXPECT_EQ(answers[0].code, GoldenAnswer(name).code);
  }
}

TEST(Golden, OurClientTakesTheirReplies) {
  ClientSession session;
  ClientSession::Done done = [](const absl::StatusOr<std::string>&) {};
  ASSERT_TRUE(session.Start({.service = "s"}, "", std::nullopt, done).ok());
  done = [](const absl::StatusOr<std::string>&) {};
  ASSERT_TRUE(session.Start({.service = "s"}, "", std::nullopt, done).ok());
  const std::string bytes = absl::StrCat(Golden("state-not-found.reply"), Golden("connect.reply"));
  std::vector<absl::StatusOr<std::string>> results;
  testing::Feed(session, bytes, 5, [&] {
    while (auto result = session.NextResult()) results.push_back(std::move(result->result));
  });
  ASSERT_THAT(results, SizeIs(2));
  EXPECT_EQ(results[0].status(), absl::NotFoundError("container not created: not found"));
  ASSERT_TRUE(results[1].ok());
  EXPECT_EQ(*results[1], GoldenAnswer("connect").payload);
}

}  // namespace
}  // namespace ttrpc
