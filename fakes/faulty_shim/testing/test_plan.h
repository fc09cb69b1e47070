// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/testing/temp_dir.h"
#include "fakes/faulty_shim/fault_plan.h"

namespace fakes {

// A plan of a test's own, which is the current one for as long as it lives.
class TestPlan {
 public:
  explicit TestPlan(std::vector<std::string> rules, const std::string& role = "daemon",
                    std::uint32_t after = 0) {
    static const KnownFault fault = {.name = "test", .what = "made by a test"};
    const FaultRequest request = {.fault = &fault,
                                  .rules = std::move(rules),
                                  .after = after,
                                  .journal = temp_.File("journal"),
                                  .subject = ""};
    auto plan = FaultPlan::Make(request, role);
    EXPECT_TRUE(plan.ok()) << plan.status();
    if (plan.ok()) plan_ = *std::move(plan);
    SetCurrentPlan(plan_.get());
  }
  ~TestPlan() { SetCurrentPlan(nullptr); }
  TestPlan(const TestPlan&) = delete;
  TestPlan& operator=(const TestPlan&) = delete;

  FaultPlan& operator*() { return *plan_; }
  FaultPlan* operator->() { return plan_.get(); }
  // What fired, a line each.
  [[nodiscard]] std::string Journal() const {
    std::stringstream text;
    text << std::ifstream(temp_.File("journal")).rdbuf();
    return text.str();
  }

 private:
  base::testing::TempDir temp_;
  std::unique_ptr<FaultPlan> plan_;
};

}  // namespace fakes
