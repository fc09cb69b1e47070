// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/deadline_set.h"

#include <gtest/gtest.h>

#include <limits>

namespace ttrpc {
namespace {

using std::chrono::nanoseconds;

constexpr Clock::time_point At(int value) { return Clock::time_point(nanoseconds(value)); }

TEST(DeadlineSet, ExpiresInOrderAndOnlyWhatIsDue) {
  DeadlineSet set;
  EXPECT_EQ(set.Next(), std::nullopt);
  set.Add(At(30), 1);
  set.Add(At(10), 3);
  set.Add(At(20), 5);
  EXPECT_EQ(set.Next(), At(10));
  EXPECT_EQ(set.TakeExpired(At(9)), std::nullopt);
  EXPECT_EQ(set.TakeExpired(At(20)), 3u);
  EXPECT_EQ(set.TakeExpired(At(20)), 5u);
  EXPECT_EQ(set.TakeExpired(At(20)), std::nullopt);
  EXPECT_EQ(set.Next(), At(30));
}

TEST(DeadlineSet, RemovesOneOfSeveralAtTheSameTime) {
  DeadlineSet set;
  set.Add(At(10), 1);
  set.Add(At(10), 3);
  set.Remove(At(10), 1);
  EXPECT_EQ(set.TakeExpired(At(10)), 3u);
  EXPECT_EQ(set.TakeExpired(At(10)), std::nullopt);
}

TEST(DeadlineSet, FarFutureDoesNotWrapAround) {
  const Clock::time_point now = Clock::now();
  const nanoseconds longest(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(DeadlineAfter(now, longest), Clock::time_point::max());
  EXPECT_EQ(DeadlineAfter(Clock::time_point::max(), nanoseconds(1)), Clock::time_point::max());
  EXPECT_EQ(DeadlineAfter(now, nanoseconds(5)), now + nanoseconds(5));
}

}  // namespace
}  // namespace ttrpc
