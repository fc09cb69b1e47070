// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace ttrpc {
namespace {

TEST(Utf8, AcceptsEveryLengthAtItsLimits) {
  const absl::string_view texts[] = {
      "",
      "ascii",
      {"\x00\x7F", 2},
      "\xC2\x80",
      "\xDF\xBF",
      "\xE0\xA0\x80",
      "\xED\x9F\xBF",
      "\xEE\x80\x80",
      "\xEF\xBF\xBF",
      "\xF0\x90\x80\x80",
      "\xF4\x8F\xBF\xBF",
      "a\xC3\xA9z",
  };
  for (const absl::string_view text : texts) {
    EXPECT_EQ(Utf8PrefixBytes(text), text.size()) << text;
    EXPECT_EQ(ToUtf8(text), std::string(text));
  }
}

TEST(Utf8, RefusesWhatIsNotWellFormed) {
  const absl::string_view texts[] = {
      "\x80",              // a tail alone
      "\xC0\x80",          // overlong NUL
      "\xC1\xBF",          // overlong
      "\xE0\x9F\xBF",      // overlong
      "\xED\xA0\x80",      // surrogate
      "\xF0\x8F\xBF\xBF",  // overlong
      "\xF4\x90\x80\x80",  // above U+10FFFF
      "\xF5\x80\x80\x80",
      "\xFF",
      "\xC3",
      "\xE2\x82",
      "\xF0\x9F\x98",
      "\xC3\x28",
      "\xE2\x28\xA1",
  };
  for (const absl::string_view text : texts) {
    EXPECT_EQ(Utf8PrefixBytes(text), 0u) << text;
    const std::string repaired = ToUtf8(text);
    EXPECT_EQ(Utf8PrefixBytes(repaired), repaired.size());
    EXPECT_NE(repaired.find("\xEF\xBF\xBD"), std::string::npos);
  }
}

TEST(Utf8, ReplacesOnlyTheBadBytes) {
  EXPECT_EQ(Utf8PrefixBytes("ok\xFFok"), 2u);
  EXPECT_EQ(ToUtf8("a\xFF\xC3\xA9\x80z"), "a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBDz");
}

}  // namespace
}  // namespace ttrpc
