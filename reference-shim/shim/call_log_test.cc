// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/call_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "ttrpc/router.h"
#include "ttrpc/wire_format.h"

namespace shim {
namespace {

std::string RequestOf(const std::string& id) {
  std::string request;
  ttrpc::AppendBytesField(1, id, &request);
  ttrpc::AppendBytesField(2, "exec", &request);
  return request;
}

TEST(CallLogTest, KnowsWhatIsOpenAndCountsWhatWasAnswered) {
  CallLog log;
  const auto start = log.Begin("Start", RequestOf("a"));
  const auto wait = log.Begin("Wait", RequestOf("b"));
  ASSERT_EQ(log.open().size(), 2U);
  EXPECT_EQ(log.open().front().method, "Start");
  EXPECT_EQ(log.open().back().id, "b");
  EXPECT_TRUE(log.latencies().empty());
  start(absl::OkStatus());
  log.Begin("Start", "")(absl::NotFoundError("no"));
  ASSERT_EQ(log.open().size(), 1U);
  EXPECT_EQ(log.open().front().method, "Wait");
  ASSERT_TRUE(log.latencies().contains("Start"));
  const CallLog::Latencies& starts = log.latencies().at("Start");
  EXPECT_EQ(starts.count, 2U);
  EXPECT_EQ(std::accumulate(starts.buckets.begin(), starts.buckets.end(), std::uint64_t{0}), 2U);
  EXPECT_GE(starts.milliseconds, 0);
  wait(absl::OkStatus());
  EXPECT_TRUE(log.open().empty());
}

TEST(CallLogTest, TellsOfEachCallHowItWasAnswered) {
  CallLog log;
  std::vector<std::string> told;
  log.OnAnswered([&](const CallLog::Call& call, const absl::Status& status) {
    EXPECT_EQ(&call, &log.open().back()) << "no longer under way";
    told.push_back(call.method + " " + call.id + " " + status.ToString());
  });
  log.Begin("Start", RequestOf("a"))(absl::OkStatus());
  log.Begin("Kill", RequestOf("b"))(absl::NotFoundError("no"));
  log.OnAnswered(nullptr);
  log.Begin("Kill", RequestOf("c"))(absl::OkStatus());
  EXPECT_THAT(told, ::testing::ElementsAre("Start a OK", "Kill b NOT_FOUND: no"));
}

TEST(CallLogTest, ARequestThatIsNoneHasNoId) {
  CallLog log;
  const auto done = log.Begin("Start", "\xff\xff");
  EXPECT_EQ(log.open().front().id, "");
  done(absl::OkStatus());
}

// The answers of a router are what is counted, those that nobody gives too.
TEST(CallLogTest, IsToldByTheRouter) {
  struct Peer : ttrpc::Responder {
    explicit Peer(int& answers) : answers(answers) {}
    void Respond(absl::StatusOr<std::string>) override { ++answers; }
    void OnAbandoned(std::function<void()>) override {}
    void Dropped() override { ++answers; }
    int& answers;
  };
  CallLog log;
  ttrpc::Router router;
  std::unique_ptr<ttrpc::Responder> held;
  ttrpc::BoundService service{.name = "s", .methods = {}};
  service.methods["Hold"] = [&](absl::string_view, const ttrpc::CallInfo&,
                                std::unique_ptr<ttrpc::Responder> responder) {
    held = std::move(responder);
  };
  router.Add(std::move(service));
  router.Observe([&](absl::string_view, absl::string_view method, absl::string_view payload) {
    return log.Begin(method, payload);
  });
  int answers = 0;
  router.Dispatch("s", "Hold", "", {}, std::make_unique<Peer>(answers));
  EXPECT_EQ(log.open().size(), 1U);
  held->Respond(std::string());
  router.Dispatch("s", "Hold", "", {}, std::make_unique<Peer>(answers));
  held->Dropped();
  router.Dispatch("s", "Unknown", "", {}, std::make_unique<Peer>(answers));
  EXPECT_EQ(answers, 3);
  EXPECT_TRUE(log.open().empty());
  ASSERT_EQ(log.latencies().size(), 1U);
  EXPECT_EQ(log.latencies().at("Hold").count, 2U);
}

}  // namespace
}  // namespace shim
