// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ttrpc/testing/echo.pb.h"

namespace ttrpc {
namespace {

using ::testing::ElementsAre;
using testing::types::Text;

class LoggingResponder : public Responder {
 public:
  explicit LoggingResponder(std::vector<std::string>* log) : log_(log) {}
  void Respond(absl::StatusOr<std::string> payload) override {
    Text text;
    log_->push_back(payload.ok() && text.ParseFromString(*payload) ? "ok " + text.value()
                                                                   : payload.status().ToString());
  }
  void OnAbandoned(std::function<void()>) override { log_->emplace_back("watched"); }
  void Dropped() override { log_->emplace_back("dropped"); }

 private:
  std::vector<std::string>* log_;
};

class ReplyTest : public ::testing::Test {
 protected:
  Reply<Text> Make() { return Reply<Text>(std::make_unique<LoggingResponder>(&log_)); }
  static Text Saying(const std::string& value) {
    Text text;
    text.set_value(value);
    return text;
  }
  std::vector<std::string> log_;
};

TEST_F(ReplyTest, AnswersOnce) {
  Make()(Saying("a"));
  EXPECT_THAT(log_, ElementsAre("ok a"));
}

TEST_F(ReplyTest, AnswersErrorsAndStatusOr) {
  Make()(absl::NotFoundError("x"));
  Make()(absl::StatusOr<Text>(Saying("b")));
  Make()(absl::StatusOr<Text>(absl::AbortedError("y")));
  EXPECT_THAT(log_, ElementsAre("NOT_FOUND: x", "ok b", "ABORTED: y"));
}

TEST_F(ReplyTest, DroppingIsNoticed) {
  { const Reply<Text> reply = Make(); }
  EXPECT_THAT(log_, ElementsAre("dropped"));
}

TEST_F(ReplyTest, MovingHandsTheRightOn) {
  {
    Reply<Text> first = Make();
    Reply<Text> second = std::move(first);
    second.OnAbandoned([] {});
    std::move(second)(Saying("c"));
  }
  EXPECT_THAT(log_, ElementsAre("watched", "ok c"));
}

TEST_F(ReplyTest, OverwritingDropsTheOldOne) {
  Reply<Text> reply = Make();
  reply = Make();
  EXPECT_THAT(log_, ElementsAre("dropped"));
  std::move(reply)(Saying("d"));
  EXPECT_THAT(log_, ElementsAre("dropped", "ok d"));
}

}  // namespace
}  // namespace ttrpc
