// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/hope.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <vector>

namespace conformance {
namespace {

constexpr std::size_t kLong = 100;

// Checks a/0, a/1, ...
class HopeTest : public ::testing::Test {
 protected:
  HopeTest() {
    for (int i = 0; i < 20; ++i) checks_.push_back({.id = absl::StrCat("a/", i)});
  }
  PlannedCheck Planned(std::size_t index) const { return {.check = &checks_[index]}; }
  // Whether one of the first executions of the `count` checks from `first` on takes all hope.
  bool LostIn(Hope& hope, std::size_t first, std::size_t count,
              Verdict verdict = Verdict::kFail) const {
    bool lost = false;
    for (std::size_t i = first; i < first + count; ++i) {
      lost = hope.LostWith(Planned(i), 1, verdict) || lost;
    }
    return lost;
  }

  std::vector<Check> checks_;
};

TEST_F(HopeTest, EightRedChecksTakeItOnce) {
  for (const Verdict verdict : {Verdict::kFail, Verdict::kCrash, Verdict::kHang}) {
    Hope hope(kLong, {});
    EXPECT_FALSE(LostIn(hope, 0, 7, verdict));
    EXPECT_TRUE(LostIn(hope, 7, 1, verdict)) << VerdictName(verdict);
    EXPECT_FALSE(LostIn(hope, 8, 12, verdict));
  }
}

TEST_F(HopeTest, AShortRunIsWaitedFor) {
  Hope hope(kLong - 1, {});
  EXPECT_FALSE(LostIn(hope, 0, 20));
}

TEST_F(HopeTest, WhatHasPassedIsAShim) {
  for (const Verdict verdict : {Verdict::kPass, Verdict::kLeak}) {
    Hope hope(kLong, {});
    EXPECT_FALSE(LostIn(hope, 0, 7));
    EXPECT_FALSE(LostIn(hope, 7, 1, verdict));
    EXPECT_FALSE(LostIn(hope, 8, 12));
  }
}

TEST_F(HopeTest, FurtherExecutionsOfACheckSayNothingNew) {
  Hope hope(kLong, {});
  for (int number = 1; number <= 20; ++number) {
    EXPECT_FALSE(hope.LostWith(Planned(0), number, Verdict::kFail)) << number;
  }
  EXPECT_FALSE(LostIn(hope, 1, 6));
  EXPECT_TRUE(LostIn(hope, 7, 1));
}

TEST_F(HopeTest, WhatNobodyJudgedSaysNothing) {
  for (const Verdict verdict : {Verdict::kError, Verdict::kSkip, Verdict::kNotRun}) {
    Hope hope(kLong, {});
    EXPECT_FALSE(LostIn(hope, 0, 20, verdict)) << VerdictName(verdict);
  }
}

TEST_F(HopeTest, WhatIsKnownToBeRedSaysNothing) {
  Hope hope(kLong, {checks_[0].id, checks_[1].id});
  EXPECT_FALSE(LostIn(hope, 0, 9));
  const Expectation expectation{.check = checks_[9].id};
  PlannedCheck expected = Planned(9);
  expected.expectation = &expectation;
  EXPECT_FALSE(hope.LostWith(expected, 1, Verdict::kFail));
  EXPECT_TRUE(LostIn(hope, 10, 1));
}

}  // namespace
}  // namespace conformance
