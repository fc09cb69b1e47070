// SPDX-License-Identifier: Apache-2.0
#include "containerd/identifiers.h"

#include <absl/strings/string_view.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace containerd {
namespace {

using ::testing::HasSubstr;

TEST(IdentifierTest, AcceptsTheGrammar) {
  for (const char* good :
       {"a", "0", "default", "k8s.io", "moby", "a-b_c.d", "A1-2", "exec-added", "x.y-z_0"}) {
    EXPECT_TRUE(ValidateIdentifier(good).ok()) << good;
  }
  EXPECT_TRUE(ValidateIdentifier(std::string(76, 'x')).ok());  // FLAG-08
}

TEST(IdentifierTest, RefusesTheRestAndSaysWhy) {
  const struct {
    std::string identifier;
    const char* why;
  } kCases[] = {
      {"", "is empty"},
      {std::string(77, 'x'), "is longer than 76 bytes"},
      {"../x", "does not join"},
      {"a..b", "does not join"},
      {"a.-b", "does not join"},
      {"-a", "does not join"},
      {"a_", "does not join"},
      {".", "does not join"},
      {"a/b", "contains a character"},
      {"a b", "contains a character"},
      {"a\n", "contains a character"},
      {"caf\xc3\xa9", "contains a character"},
      {std::string("a\0b", 3), "contains a character"},
  };
  for (const auto& test : kCases) {
    const absl::Status status = ValidateIdentifier(test.identifier);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << test.identifier;
    EXPECT_THAT(std::string(status.message()), HasSubstr(test.why)) << test.identifier;
  }
}

TEST(IdentifierTest, QuotesTheIdentifierPrintably) {
  EXPECT_THAT(std::string(ValidateIdentifier("a\nb").message()), HasSubstr("\"a\\nb\""));
}

}  // namespace
}  // namespace containerd
