// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/command_line.h"

#include <gtest/gtest.h>

#include <cstring>

namespace shim {
namespace {

class CommandLineTest : public ::testing::Test {
 protected:
  // As the kernel would: "x -id c start", then what belongs to somebody else.
  CommandLineTest() { std::memcpy(place_, kGiven, sizeof kGiven); }
  [[nodiscard]] std::string Seen() const { return std::string(place_, sizeof kGiven - 1); }

  static constexpr char kGiven[] = "x\0-id\0c\0start\0OTHER";
  char place_[sizeof kGiven];
  char* argv_[5] = {place_, place_ + 2, place_ + 6, place_ + 8, nullptr};
};

TEST_F(CommandLineTest, WhatIsLeftOverIsEmpty) {
  ShowCommandLine(4, argv_, {"x", "-d"});
  EXPECT_EQ(Seen(), std::string("x\0-d\0\0\0\0\0\0\0\0\0\0OTHER", 19));
}

TEST_F(CommandLineTest, WhatDoesNotFitIsCut) {
  ShowCommandLine(4, argv_, {"x", "-namespace", "long"});
  EXPECT_EQ(Seen(), std::string("x\0-namespace\0\0OTHER", 19));
}

TEST_F(CommandLineTest, WordsThatLieElsewhereAreLeftAlone) {
  char elsewhere[] = "elsewhere";
  argv_[1] = elsewhere;
  ShowCommandLine(4, argv_, {"y", "-d"});
  EXPECT_EQ(Seen(), std::string("y\0-id\0c\0start\0OTHER", 19));
  EXPECT_STREQ(elsewhere, "elsewhere");
  ShowCommandLine(0, nullptr, {"y"});
}

}  // namespace
}  // namespace shim
