// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/matchers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::Not;

// What CheckContext does with a value and a matcher.
template <typename T, typename M>
bool Matches(const T& value, const M& matcher) {
  ::testing::StringMatchResultListener listener;
  return ::testing::SafeMatcherCast<const T&>(matcher).MatchAndExplain(value, &listener);
}
template <typename T, typename M>
std::string Description(const M& matcher) {
  std::ostringstream out;
  ::testing::SafeMatcherCast<const T&>(matcher).DescribeTo(&out);
  return out.str();
}

const absl::Status kNotFound = absl::NotFoundError("no such task");
const absl::StatusOr<int> kSeven = 7;
const absl::StatusOr<int> kMissing = absl::NotFoundError("no such task");

TEST(Matchers, IsOkTakesStatusAndStatusOr) {
  EXPECT_TRUE(Matches(absl::OkStatus(), IsOk()));
  EXPECT_TRUE(Matches(kSeven, IsOk()));
  EXPECT_FALSE(Matches(kNotFound, IsOk()));
  EXPECT_FALSE(Matches(kMissing, IsOk()));
  EXPECT_TRUE(Matches(kMissing, Not(IsOk())));
}

TEST(Matchers, IsErrorIsAnythingButOk) {
  EXPECT_TRUE(Matches(kNotFound, IsError()));
  EXPECT_TRUE(Matches(kMissing, IsError()));
  EXPECT_FALSE(Matches(absl::OkStatus(), IsError()));
  EXPECT_FALSE(Matches(kSeven, IsError()));
}

TEST(Matchers, CodesAreComparedNotMessages) {
  EXPECT_TRUE(Matches(kMissing, HasCode(absl::StatusCode::kNotFound)));
  EXPECT_FALSE(Matches(kMissing, HasCode(absl::StatusCode::kUnknown)));
  EXPECT_TRUE(
      Matches(kNotFound, HasCodeIn({absl::StatusCode::kUnknown, absl::StatusCode::kNotFound})));
  EXPECT_FALSE(Matches(kSeven, Refused(absl::StatusCode::kUnknown, absl::StatusCode::kNotFound)));
}

TEST(Matchers, IsOkAndHoldsAsksTheValue) {
  EXPECT_TRUE(Matches(kSeven, IsOkAndHolds(7)));
  EXPECT_TRUE(Matches(kSeven, IsOkAndHolds(Ge(7))));
  EXPECT_FALSE(Matches(kSeven, IsOkAndHolds(8)));
  EXPECT_FALSE(Matches(kMissing, IsOkAndHolds(7)));
  const absl::StatusOr<std::vector<int>> list = std::vector<int>{1, 2};
  EXPECT_TRUE(Matches(list, IsOkAndHolds(ElementsAre(1, 2))));
  EXPECT_FALSE(Matches(list, IsOkAndHolds(ElementsAre(2, 1))));
}

TEST(Matchers, SpeakInCodeNames) {
  EXPECT_EQ(Description<absl::Status>(IsOk()), "ends with OK");
  EXPECT_EQ(Description<absl::Status>(IsError()), "an error");
  EXPECT_EQ(Description<absl::Status>(
                Refused(absl::StatusCode::kNotFound, absl::StatusCode::kFailedPrecondition)),
            "ends with NOT_FOUND or FAILED_PRECONDITION");
  EXPECT_EQ(Description<absl::StatusOr<int>>(IsOkAndHolds(7)),
            "is OK and holds a value that is equal to 7");
  EXPECT_EQ(Description<absl::Status>(Not(IsOk())), "does not end with OK");
  EXPECT_EQ(Description<absl::Status>(Not(IsError())), "OK");
  EXPECT_EQ(Description<absl::StatusOr<int>>(Not(IsOkAndHolds(7))),
            "is an error or holds a value that isn't equal to 7");
}

TEST(Matchers, PrintedQuotesCodeAndMessageOrTheValue) {
  EXPECT_EQ(Printed(kNotFound), "NOT_FOUND: no such task");
  EXPECT_EQ(Printed(kMissing), "NOT_FOUND: no such task");
  EXPECT_EQ(Printed(kSeven), "OK: 7");
  EXPECT_EQ(Printed(absl::OkStatus()), "OK");
  EXPECT_EQ(Printed(std::string("x")), "\"x\"");
}

}  // namespace
}  // namespace conformance
