// SPDX-License-Identifier: Apache-2.0
#include "oci/json_text.h"

#include <gtest/gtest.h>

#include "oci/json_reader.h"

namespace oci {
namespace {

std::string ReadBack(const std::string& json) {
  JsonReader reader(json);
  std::string text;
  EXPECT_TRUE(reader.ReadString(text).ok()) << json;
  EXPECT_TRUE(reader.Finish().ok()) << json;
  return text;
}

TEST(JsonQuoteTest, SpecialCharactersAreEscapedOnOneLine) {
  EXPECT_EQ(JsonQuote("a\"b\\c\n\t\x01z"), R"("a\"b\\c\n\t\u0001z")");
  EXPECT_EQ(JsonQuote(""), R"("")");
}

TEST(JsonQuoteTest, EveryCharacterReadsBackAsItWas) {
  std::string all;
  for (char c = 0; c != 127; ++c) all.push_back(c);
  all += "é € 𝄞 \xed\x9f\xbf \xf4\x8f\xbf\xbf";
  EXPECT_EQ(ReadBack(JsonQuote(all)), all);
}

TEST(JsonQuoteTest, BytesThatAreNoUtf8AreReplacedOneByOne) {
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(JsonQuote("\xff"), '"' + mark + '"');
  EXPECT_EQ(JsonQuote("a\xc3"), "\"a" + mark + '"') << "cut short";
  EXPECT_EQ(JsonQuote("\xc0\xaf"), '"' + mark + mark + '"') << "overlong";
  EXPECT_EQ(JsonQuote("\xed\xa0\x80"), '"' + mark + mark + mark + '"') << "surrogate";
  EXPECT_EQ(JsonQuote("\xf4\x90\x80\x80"), '"' + mark + mark + mark + mark + '"') << "too large";
}

}  // namespace
}  // namespace oci
