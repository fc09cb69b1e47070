// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/stdio_uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shim {
namespace {

using Scheme = StdioUri::Scheme;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(StdioUri, PlainPathsAreTakenAsTheyAre) {
  EXPECT_EQ(*ParseStdioUri(""), StdioUri());
  EXPECT_EQ(*ParseStdioUri("/run/a b%20c"),
            (StdioUri{.scheme = Scheme::kPath, .path = "/run/a b%20c"}));
  EXPECT_EQ(*ParseStdioUri("/x://y"), (StdioUri{.scheme = Scheme::kPath, .path = "/x://y"}));
  EXPECT_EQ(*ParseStdioUri("fifo:///x"), (StdioUri{.scheme = Scheme::kPath, .path = "/x"}));
}

TEST(StdioUri, DecodesPathAndQuery) {
  const auto uri = ParseStdioUri("binary:///opt/my%20logger?k=v+w&empty=&flag&x=%3D%26");
  ASSERT_TRUE(uri.ok()) << uri.status();
  EXPECT_EQ(uri->scheme, Scheme::kBinary);
  EXPECT_EQ(uri->path, "/opt/my logger");
  EXPECT_THAT(uri->query,
              ElementsAre(Pair("k", "v w"), Pair("empty", ""), Pair("flag", ""), Pair("x", "=&")));
  EXPECT_EQ(ParseStdioUri("binary-v2:///l")->scheme, Scheme::kBinaryV2);
  EXPECT_EQ(ParseStdioUri("file:///var/log/x")->path, "/var/log/x");
}

TEST(StdioUri, RefusalQuotesTheText) {
  const auto message = [](absl::string_view text) {
    const auto uri = ParseStdioUri(text);
    EXPECT_TRUE(absl::IsInvalidArgument(uri.status())) << text;
    return std::string(uri.status().message());
  };
  EXPECT_THAT(message("npipe:////./pipe"), HasSubstr("unknown scheme \"npipe\""));
  EXPECT_THAT(message("ttrpc+unix:///x?streaming_id=1"), HasSubstr("ttrpc+unix"));
  EXPECT_THAT(message("file://relative"), HasSubstr("file://relative"));
  EXPECT_THAT(message("binary://"), HasSubstr("absolute"));
  for (const char* text : {"file:///%", "file:///%4", "file:///%zz", "file:///%00"}) {
    EXPECT_THAT(message(text), HasSubstr("malformed escape"));
  }
  EXPECT_THAT(message(absl::string_view("/a\0b", 4)), HasSubstr("zero byte"));
}

}  // namespace
}  // namespace shim
