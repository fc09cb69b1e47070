// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "reference-shim/backends/vm/limits.h"
#include "reference-shim/backends/vm/qmp_client.h"
#include "reference-shim/backends/vm/qmp_message.h"

namespace backends {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = QmpMessage::Kind;

constexpr milliseconds kLong{60'000};

// --- messages -------------------------------------------------------------------------------

TEST(QmpReader, MessagesAreTheSameHoweverTheyAreCut) {
  const std::string text =
      "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
      "{\"return\": {}, \"id\": 1}\r\n\r\n"
      "{\"timestamp\": {}, \"event\": \"SHUTDOWN\", \"data\": {\"reason\": \"guest-panic\"}}\n"
      "{\"id\": 2, \"error\": {\"class\": \"GenericError\", \"desc\": \"a \\\"b\\\"\"}}\r\n"
      "{\"event\": \"RESUME\"}\r\n{\"return\": [1,\"\\n\"], \"id\": 3}\r\n";
  const std::vector<QmpMessage> expected = {
      {.kind = Kind::kGreeting},
      {.kind = Kind::kReturn, .id = 1, .text = "{}"},
      {.kind = Kind::kEvent, .name = "SHUTDOWN", .text = "{\"reason\":\"guest-panic\"}"},
      {.kind = Kind::kError, .id = 2, .name = "GenericError", .text = "a \"b\""},
      {.kind = Kind::kEvent, .name = "RESUME"},
      {.kind = Kind::kReturn, .id = 3, .text = "[1,\"\\n\"]"}};
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    QmpReader reader;
    auto messages = reader.Add(text.substr(0, cut));
    ASSERT_TRUE(messages.ok()) << cut << messages.status();
    const auto rest = reader.Add(text.substr(cut));
    ASSERT_TRUE(rest.ok()) << cut << rest.status();
    messages->insert(messages->end(), rest->begin(), rest->end());
    EXPECT_EQ(*messages, expected) << cut;
  }
}

TEST(QmpReader, WhatIsNoMessageIsQuoted) {
  for (const char* line : {"HTTP/1.1 200 OK", "[]", "{}", "{\"return\": {}}",
                           "{\"return\": {}, \"id\": \"x\"}", "{\"id\": 1, \"error\": 3}"}) {
    QmpReader reader;
    const auto messages = reader.Add(absl::StrCat(line, "\n"));
    EXPECT_TRUE(absl::IsInvalidArgument(messages.status())) << line;
    EXPECT_THAT(std::string(messages.status().message()), HasSubstr(line));
  }
}

TEST(QmpReader, ALineHasAnEnd) {
  QmpReader reader;
  const std::string piece(1 << 16, ' ');
  absl::Status status;
  std::size_t given = 0;
  while (status.ok() && given < 2 * kQmpLineBytesMax) {
    status = reader.Add(piece).status();
    given += piece.size();
  }
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_GT(given, kQmpLineBytesMax);
}

TEST(QmpErrorStatus, HasTheCodeOfItsClass) {
  const auto code = [](const char* name) {
    return QmpErrorStatus({.kind = Kind::kError, .name = name, .text = "words"}).code();
  };
  EXPECT_EQ(code("DeviceNotFound"), absl::StatusCode::kNotFound);
  EXPECT_EQ(code("CommandNotFound"), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(code("GenericError"), absl::StatusCode::kInternal);
}

// --- the client -----------------------------------------------------------------------------

class QmpClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    qemu_.reset(ends[1]);
    client_.emplace(loop_);
    client_->OnEvent([this](const QmpMessage& event) { events_.push_back(event.name); });
    client_->Open(base::UniqueFd(ends[0]), timeout_, [this](const absl::Status& s) { open_ = s; });
  }

  void Say(const std::string& text) {
    ASSERT_EQ(::write(qemu_.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  std::string Hear() {
    std::string line;
    char byte = 0;
    while (::recv(qemu_.get(), &byte, 1, MSG_DONTWAIT) == 1) line.push_back(byte);
    return line;
  }

  void Turn() {
    loop_.restart();
    loop_.poll();
  }

  void Agree() {
    Say("{\"QMP\": {}}\r\n");
    Turn();
    EXPECT_EQ(Hear(), "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
    Say("{\"return\": {}, \"id\": 1}\r\n");
    Turn();
    ASSERT_TRUE(open_.has_value());
    ASSERT_TRUE(open_->ok()) << *open_;
  }

  shim::Done<std::string> Into(std::optional<absl::StatusOr<std::string>>& place) {
    return [&place](absl::StatusOr<std::string> answer) {
      EXPECT_FALSE(place.has_value()) << "a second answer";
      place = std::move(answer);
    };
  }

  milliseconds timeout_ = kLong;
  boost::asio::io_context loop_;
  base::UniqueFd qemu_;
  std::optional<absl::Status> open_;
  std::vector<std::string> events_;
  std::optional<QmpClient> client_;
};

TEST_F(QmpClientTest, AnswersFindTheirCommandsInAnyOrder) {
  EXPECT_FALSE(client_->ready());
  Agree();
  EXPECT_TRUE(client_->ready());
  std::optional<absl::StatusOr<std::string>> first, second;
  client_->Execute("one", "{\"a\":1}", kLong, Into(first));
  client_->Execute("two", "", kLong, Into(second));
  EXPECT_EQ(Hear(),
            "{\"execute\":\"one\",\"arguments\":{\"a\":1},\"id\":2}\n"
            "{\"execute\":\"two\",\"id\":3}\n");
  Say("{\"event\": \"STOP\"}\n{\"id\": 3, \"error\": {\"class\": \"X\", \"desc\": \"why\"}}\n");
  Turn();
  EXPECT_FALSE(first.has_value());
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->status().message(), "two: why");
  Say("{\"return\": [7], \"id\": 2}\n{\"return\": {}, \"id\": 99}\n{\"event\": \"RESUME\"}\n");
  Turn();
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(**first, "[7]");
  EXPECT_THAT(events_, ElementsAre("STOP", "RESUME"));
}

TEST_F(QmpClientTest, AnAnswerThatDoesNotComeIsNotWaitedFor) {
  Agree();
  std::optional<absl::StatusOr<std::string>> answer;
  client_->Execute("quit", "", milliseconds(10), Into(answer));
  loop_.restart();
  while (!answer.has_value()) loop_.run_one();
  EXPECT_TRUE(absl::IsDeadlineExceeded(answer->status()));
  Say("{\"return\": {}, \"id\": 2}\n");  // nobody's any more
  Turn();
  EXPECT_TRUE(client_->ready());
}

TEST_F(QmpClientTest, ALostConnectionFailsWhatWaitsAndWhatComes) {
  Agree();
  std::optional<absl::StatusOr<std::string>> before, after;
  client_->Execute("one", "", kLong, Into(before));
  qemu_.reset();
  Turn();
  ASSERT_TRUE(before.has_value());
  EXPECT_TRUE(absl::IsUnavailable(before->status())) << before->status();
  EXPECT_FALSE(client_->ready());
  client_->Execute("two", "", kLong, Into(after));
  EXPECT_FALSE(after.has_value()) << "from the loop";
  Turn();
  EXPECT_TRUE(absl::IsUnavailable(after->status()));
}

TEST_F(QmpClientTest, WhatIsNoMonitorIsNotOpened) {
  Say("HTTP/1.1 400 Bad Request\r\n");
  Turn();
  ASSERT_TRUE(open_.has_value());
  EXPECT_THAT(std::string(open_->message()), HasSubstr("HTTP/1.1 400"));
}

TEST_F(QmpClientTest, ADoneMayDestroyTheClient) {
  Agree();
  std::optional<absl::StatusOr<std::string>> second;
  client_->Execute("one", "", kLong,
                   [this](const absl::StatusOr<std::string>&) { client_.reset(); });
  client_->Execute("two", "", kLong, Into(second));
  Say("{\"return\": {}, \"id\": 2}\n{\"return\": {}, \"id\": 3}\n");
  Turn();
  EXPECT_FALSE(client_.has_value());
  EXPECT_FALSE(second.has_value());
}

class MuteQmpTest : public QmpClientTest {
 protected:
  MuteQmpTest() { timeout_ = milliseconds(10); }
};

TEST_F(MuteQmpTest, AGreetingIsNotWaitedForForEver) {
  loop_.restart();
  while (!open_.has_value()) loop_.run_one();
  EXPECT_TRUE(absl::IsDeadlineExceeded(*open_));
  EXPECT_THAT(std::string(open_->message()), HasSubstr("did not answer within 10 ms"));
}

}  // namespace
}  // namespace backends
