// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/shard.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>

namespace conformance {
namespace {

using std::chrono::microseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ShardTest : public ::testing::Test {
 protected:
  void Add(const std::string& id, int time_us, bool skip = false) {
    checks_.push_back({.id = id});
    PlannedCheck planned{.check = &checks_.back()};
    if (skip) planned.skip = SkipKind::kHost;
    plan_.push_back(planned);
    if (time_us > 0) durations_[id] = microseconds(time_us);
  }
  std::vector<std::string> Ids(int index, int of) {
    std::vector<std::string> ids;
    for (const PlannedCheck& planned : TakeShard(plan_, {.index = index, .of = of}, durations_)) {
      ids.push_back(planned.check->id);
    }
    return ids;
  }

  std::deque<Check> checks_;
  std::vector<PlannedCheck> plan_;
  Durations durations_;
};

TEST_F(ShardTest, EveryCheckIsInExactlyOneShard) {
  // Fills whole words of a std::vector<bool>.
  for (int i = 0; i < 192; ++i) Add(absl::StrCat("x/", i), i % 7, i % 5 == 0);
  for (const int of : {1, 2, 3, 8, 60}) {
    std::multiset<std::string> seen;
    for (int index = 1; index <= of; ++index) {
      for (const std::string& id : Ids(index, of)) seen.insert(id);
    }
    EXPECT_EQ(seen.size(), plan_.size()) << of;
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), plan_.size()) << of;
  }
}

TEST_F(ShardTest, ShardsAreAboutEquallyLong) {
  Add("x/long", 100);
  Add("x/a", 34);
  Add("x/b", 33);
  Add("x/c", 33);
  EXPECT_THAT(Ids(1, 2), ElementsAre("x/long"));
  EXPECT_THAT(Ids(2, 2), ElementsAre("x/a", "x/b", "x/c"));
}

TEST_F(ShardTest, WithoutDurationsAndForSkipsTheyHoldAboutEquallyManyChecks) {
  for (int i = 0; i < 10; ++i) Add(absl::StrCat("x/", i), 0, /*skip=*/i < 5);
  EXPECT_EQ(Ids(1, 2).size(), 5u);
  for (int i = 0; i < 10; ++i) Add(absl::StrCat("y/", i), 0, /*skip=*/true);
  EXPECT_NEAR(static_cast<double>(Ids(1, 2).size()), 10, 1);
}

TEST_F(ShardTest, TheOrderOfThePlanStays) {
  Add("x/b", 1);
  Add("x/c", 5);
  Add("x/a", 3);
  EXPECT_THAT(Ids(1, 1), ElementsAre("x/b", "x/c", "x/a"));
  EXPECT_THAT(Ids(2, 2), ElementsAre("x/b", "x/a"));
}

TEST_F(ShardTest, AnUnknownDurationCountsAsTheMedian) {
  Add("x/a", 10);
  Add("x/b", 10);
  Add("x/new", 0);
  Add("x/huge", 1000);
  EXPECT_THAT(Ids(1, 2), ElementsAre("x/huge"));
}

TEST_F(ShardTest, TheMedianIsNoMatterOfTheOrder) {
  Add("x/a", 10);
  Add("x/b", 15);
  Add("x/c", 10);
  Add("x/0-new", 0);
  EXPECT_THAT(Ids(1, 2), ElementsAre("x/b", "x/c"));
  EXPECT_THAT(Ids(2, 2), ElementsAre("x/a", "x/0-new"));
}

TEST_F(ShardTest, ASkipTakesNoTimeHoweverLongItOnceTook) {
  Add("x/a", 10);
  Add("x/b", 10);
  Add("x/skipped", 1000, /*skip=*/true);
  EXPECT_THAT(Ids(1, 2), ElementsAre("x/a", "x/skipped"));
  EXPECT_THAT(Ids(2, 2), ElementsAre("x/b"));
}

TEST_F(ShardTest, TheDigestTellsSelectionsApart) {
  Add("x/a", 0);
  const SelectionDigest one = DigestOf(plan_);
  EXPECT_EQ(one.checks, 1u);
  EXPECT_EQ(DigestOf(plan_), one);
  Add("x/b", 0);
  EXPECT_NE(DigestOf(plan_).digest, one.digest);
}

TEST(ParseShardTest, MistakesAreNamed) {
  EXPECT_EQ(*ParseShard("2/4"), (Shard{.index = 2, .of = 4}));
  EXPECT_TRUE(ParseShard("1/1")->whole());
  EXPECT_EQ(*ParseShard("1000/1000"), (Shard{.index = kShardsMax, .of = kShardsMax}));
  for (const char* const text : {"", "2", "2/", "/2", "a/b", "2/4/5", "1.5/2"}) {
    EXPECT_THAT(std::string(ParseShard(text).status().message()),
                HasSubstr("expected NUMBER/TOTAL"));
  }
  for (const char* const text :
       {"0/4", "5/4", "-1/4", "1/0", "0/0", "-1/-1", "1/1001", "1/100000"}) {
    EXPECT_THAT(std::string(ParseShard(text).status().message()), HasSubstr("count from 1"));
  }
}

}  // namespace
}  // namespace conformance
