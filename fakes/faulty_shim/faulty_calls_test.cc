// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/faulty_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "fakes/faulty_shim/testing/test_plan.h"

namespace fakes {
namespace {

using ::testing::ElementsAre;

// A service whose calls are answered by hand.
class FaultyCallsTest : public ::testing::Test {
 protected:
  class Note : public ttrpc::Responder {
   public:
    Note(std::vector<std::string>& log, std::string name) : log_(log), name_(std::move(name)) {}
    void Respond(absl::StatusOr<std::string> payload) override {
      log_.push_back(name_ + " ok " + *payload);
    }
    void OnAbandoned(std::function<void()> callback) override { callback(); }
    void Dropped() override { log_.push_back(name_ + " dropped"); }

   private:
    std::vector<std::string>& log_;
    std::string name_;
  };

  void Make(std::vector<std::string> rules) {
    plan_.emplace(std::move(rules));
    for (const std::string method : {"State", "Wait"}) {
      service_.methods[method] = [this, method](absl::string_view payload, const ttrpc::CallInfo&,
                                                std::unique_ptr<ttrpc::Responder> responder) {
        log_.push_back(method + " called with " + std::string(payload));
        open_.push_back(std::move(responder));
      };
    }
    MakeFaulty(service_);
  }
  void Call(const std::string& method, const std::string& payload) {
    service_.methods[method](payload, {}, std::make_unique<Note>(log_, method));
  }

  std::optional<TestPlan> plan_;
  ttrpc::BoundService service_;
  std::vector<std::string> log_;
  std::vector<std::unique_ptr<ttrpc::Responder>> open_;
};

TEST_F(FaultyCallsTest, CallsPassWhenNoRuleIsAboutThem) {
  Make({"forget rpc method=Kill"});
  Call("Wait", "w");
  Call("State", "s");
  open_[1]->Respond("S");
  open_[0]->Respond("W");
  EXPECT_THAT(log_,
              ElementsAre("Wait called with w", "State called with s", "State ok S", "Wait ok W"));
}

TEST_F(FaultyCallsTest, OthersQueueBehindACallUntilItIsAnswered) {
  Make({"queue rpc method=Wait"});
  Call("Wait", "w");
  Call("State", "s");
  EXPECT_THAT(log_, ElementsAre("Wait called with w"));
  open_[0]->Respond("W");
  EXPECT_THAT(log_, ElementsAre("Wait called with w", "Wait ok W", "State called with s"));
}

TEST_F(FaultyCallsTest, ACallIsNeverAnswered) {
  Make({"hold rpc method=State nth=1"});
  Call("State", "s");
  EXPECT_TRUE(log_.empty());
  Call("State", "t");
  EXPECT_THAT(log_, ElementsAre("State called with t"));
}

TEST_F(FaultyCallsTest, ACallIsForgotten) {
  Make({"forget rpc method=State"});
  Call("State", "s");
  EXPECT_THAT(log_, ElementsAre("State ok "));
}

}  // namespace
}  // namespace fakes
