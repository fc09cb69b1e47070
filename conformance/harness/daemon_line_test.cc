// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/daemon_line.h"

#include <gtest/gtest.h>

#include <vector>

#include "conformance/harness/requirement.h"

namespace conformance {
namespace {

std::vector<DaemonLine> LinesOf(const Validity& validity) {
  std::vector<DaemonLine> lines;
  for (const DaemonLine line : kDaemonLines) {
    if (HoldsFor(validity, line)) lines.push_back(line);
  }
  return lines;
}

TEST(DaemonLineTest, BoundsAreIncluded) {
  using L = DaemonLine;
  EXPECT_EQ(LinesOf({}), (std::vector<L>{L::k1_6, L::k1_7, L::k2_0, L::k2_3, L::k2_4}));
  EXPECT_EQ(LinesOf({.since = "1.7"}), (std::vector<L>{L::k1_7, L::k2_0, L::k2_3, L::k2_4}));
  EXPECT_EQ(LinesOf({.until = "1.7"}), (std::vector<L>{L::k1_6, L::k1_7}));
  EXPECT_EQ(LinesOf({.since = "2.3", .until = "2.3"}), (std::vector<L>{L::k2_3}));
  EXPECT_EQ(LinesOf({.since = "2.4"}), (std::vector<L>{L::k2_4}));
}

TEST(DaemonLineTest, ALineCountsFromItsFirstReleaseThatHasTheRule) {
  EXPECT_TRUE(HoldsFor({.since = "1.6.36"}, DaemonLine::k1_6));
  EXPECT_TRUE(HoldsFor({.since = "2.2"}, DaemonLine::k2_0));
  EXPECT_TRUE(HoldsFor({.until = "2.0"}, DaemonLine::k2_0));
  EXPECT_FALSE(HoldsFor({.since = "2.2"}, DaemonLine::k1_7));
  EXPECT_FALSE(HoldsFor({.until = "2.2"}, DaemonLine::k2_3));
}

TEST(DaemonLineTest, TextNamesTheBounds) {
  EXPECT_EQ(ValidityText({}), "all");
  EXPECT_EQ(ValidityText({.since = "1.7"}), "since 1.7");
  EXPECT_EQ(ValidityText({.until = "2.2"}), "until 2.2");
  EXPECT_EQ(ValidityText({.since = "2.2", .until = "2.3"}), "2.2 to 2.3");
  EXPECT_EQ(ValidityText({.since = "1.7", .until = "1.7"}), "only 1.7");
}

TEST(DaemonLineTest, EveryRequirementHoldsForSomeLine) {
  for (const Requirement& row : Requirements()) {
    EXPECT_FALSE(LinesOf(row.validity).empty()) << row.id << " " << ValidityText(row.validity);
  }
}

}  // namespace
}  // namespace conformance
