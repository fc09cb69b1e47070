// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/durations.h"

#include <gtest/gtest.h>

namespace conformance {
namespace {

using std::chrono::milliseconds;

TEST(DurationsTest, SecondsAndMilliseconds) {
  EXPECT_EQ(ParseDuration("1500ms"), milliseconds(1500));
  EXPECT_EQ(ParseDuration("2s"), milliseconds(2000));
  EXPECT_EQ(ParseDuration("0.5s"), milliseconds(500));
}

TEST(DurationsTest, FromAMillisecondToAnHour) {
  EXPECT_EQ(ParseDuration("1ms"), milliseconds(1));
  EXPECT_EQ(ParseDuration("3600s"), milliseconds(3600000));
  for (const char* text : {"0s", "0.9ms", "-1s", "3600001ms", "3600.001s", "infs", "nans"}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

TEST(DurationsTest, WhatTakesHoursIsFromASecondToAWeek) {
  EXPECT_EQ(ParseLongDuration("90s"), milliseconds(90000));
  EXPECT_EQ(ParseLongDuration("6382s"), milliseconds(6382000));
  EXPECT_EQ(ParseLongDuration("10m"), milliseconds(600000));
  EXPECT_EQ(ParseLongDuration("1h30m"), milliseconds(5400000));
  EXPECT_EQ(ParseLongDuration("168h"), milliseconds(604800000));
  for (const char* text : {"", "0s", "999ms", "169h", "6382", "soon", "-2m", "inf"}) {
    EXPECT_EQ(ParseLongDuration(text), std::nullopt) << text;
  }
}

TEST(DurationsTest, AnythingElseIsNone) {
  for (const char* text :
       {"", "s", "ms", "2", "1500", "2m", "2xs", "1.5.2s", "1,5ms", "2ss", " 2s", "2 s", "2s "}) {
    EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace conformance
