// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/rehearsal.h"

#include <gtest/gtest.h>

namespace conformance {
namespace {

TEST(RehearsalTest, AFaultReachesWhereItHasItsOccasion) {
  const Rehearsal rehearsal = Rehearsal::Parse(
      "events/a exits-lost\nexec/c exits-lost\nevents/a exits-lost\nexec/c start-twice\n");
  EXPECT_TRUE(rehearsal.Reaches("exits-lost", "events/a"));
  EXPECT_TRUE(rehearsal.Reaches("exits-lost", "exec/c"));
  EXPECT_TRUE(rehearsal.Reaches("start-twice", "exec/c"));
  EXPECT_FALSE(rehearsal.Reaches("start-twice", "events/a"));
  EXPECT_FALSE(rehearsal.Reaches("exits-lost", "events/b"));
  EXPECT_FALSE(rehearsal.Reaches("never-seen", "events/a"));
}

TEST(RehearsalTest, WhatHappensOutsideOfChecksReachesAll) {
  const Rehearsal rehearsal = Rehearsal::Parse("- version-is-empty\nevents/a start-twice\n");
  EXPECT_TRUE(rehearsal.Reaches("version-is-empty", "events/a"));
  EXPECT_TRUE(rehearsal.Reaches("version-is-empty", "exec/c"));
  EXPECT_FALSE(rehearsal.Reaches("start-twice", "exec/c"));
}

TEST(RehearsalTest, IsKeptSortedAndOnce) {
  const std::string journal = "exec/c b\nevents/a b\n- a\nexec/c b\n";
  const std::string kept = Rehearsal::Parse(journal).Format();
  EXPECT_EQ(kept, "- a\nevents/a b\nexec/c b\n");
  EXPECT_EQ(Rehearsal::Parse(kept).Format(), kept);
  EXPECT_EQ(Rehearsal::Parse("").Format(), "");
}

}  // namespace
}  // namespace conformance
