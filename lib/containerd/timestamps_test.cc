// SPDX-License-Identifier: Apache-2.0
#include "containerd/timestamps.h"

#include <gtest/gtest.h>

#include <limits>

namespace containerd {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

google::protobuf::Timestamp Make(std::int64_t whole, std::int32_t nanos) {
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(whole);
  timestamp.set_nanos(nanos);
  return timestamp;
}

TEST(TimestampsTest, KeepNanosecondsBothWays) {
  const system_clock::time_point time(seconds(1'700'000'000) + nanoseconds(123'456'789));
  const google::protobuf::Timestamp timestamp = ToTimestamp(time);
  EXPECT_EQ(timestamp.seconds(), 1'700'000'000);
  EXPECT_EQ(timestamp.nanos(), 123'456'789);
  EXPECT_EQ(FromTimestamp(timestamp), time);
}

TEST(TimestampsTest, CountNanosForwardBefore1970) {
  const system_clock::time_point time(nanoseconds(-1));
  const google::protobuf::Timestamp timestamp = ToTimestamp(time);
  EXPECT_EQ(timestamp.seconds(), -1);
  EXPECT_EQ(timestamp.nanos(), 999'999'999);
  EXPECT_EQ(FromTimestamp(timestamp), time);
}

TEST(TimestampsTest, NoTimeIsNoTime) {
  EXPECT_EQ(FromTimestamp({}), std::nullopt);
  EXPECT_EQ(FromTimestamp(Make(kGoZeroTimeSeconds, 0)), std::nullopt);  // TASK-09
}

TEST(TimestampsTest, RefuseWhatTheClockCannotCount) {
  EXPECT_EQ(FromTimestamp(Make(1, -1)), std::nullopt);
  EXPECT_EQ(FromTimestamp(Make(1, 1'000'000'000)), std::nullopt);
  EXPECT_EQ(FromTimestamp(Make(std::numeric_limits<std::int64_t>::max(), 0)), std::nullopt);
  EXPECT_EQ(FromTimestamp(Make(std::numeric_limits<std::int64_t>::min(), 0)), std::nullopt);
  EXPECT_EQ(FromTimestamp(Make(9'223'372'036, 999'999'999)), std::nullopt);
  EXPECT_NE(FromTimestamp(Make(9'223'372'035, 999'999'999)), std::nullopt);
  EXPECT_NE(FromTimestamp(Make(-9'223'372'035, 0)), std::nullopt);
}

}  // namespace
}  // namespace containerd
