// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<Check> Checks() {
  return {
      {.id = "events/exit-after-start", .requirements = {"EVT-20"}, .tags = {"race"}},
      {.id = "events/oom", .requirements = {"EVT-29", "EXIT-03"}, .level = Level::kShould},
      {.id = "stdio/eof", .requirements = {"IO-03"}, .tags = {"slow", "race"}},
      {.id = "events-extra/one", .requirements = {"EVT-07"}, .level = Level::kMay},
  };
}

std::vector<std::string> Chosen(const std::vector<std::string>& words) {
  std::vector<Selector> selectors;
  for (const std::string& word : words) {
    absl::StatusOr<Selector> selector = Selector::Parse(word);
    EXPECT_TRUE(selector.ok()) << selector.status();
    if (selector.ok()) selectors.push_back(*selector);
  }
  std::vector<std::string> chosen;
  for (const Check& check : Checks()) {
    if (Choose(check, selectors).chosen) chosen.push_back(check.id);
  }
  return chosen;
}

TEST(SelectionTest, WithoutSelectorsEverythingIsChosen) { EXPECT_EQ(Chosen({}).size(), 4u); }

TEST(SelectionTest, AnAreaIsAWholeWord) {
  EXPECT_THAT(Chosen({"events"}), ElementsAre("events/exit-after-start", "events/oom"));
}

TEST(SelectionTest, GlobsMatchIds) {
  EXPECT_THAT(Chosen({"*/o*"}), ElementsAre("events/oom", "events-extra/one"));
  EXPECT_THAT(Chosen({"stdio/eof"}), ElementsAre("stdio/eof"));
}

TEST(SelectionTest, TagsRequirementsAndLevels) {
  EXPECT_THAT(Chosen({"tag:race"}), ElementsAre("events/exit-after-start", "stdio/eof"));
  EXPECT_THAT(Chosen({"req:EXIT-03"}), ElementsAre("events/oom"));
  EXPECT_THAT(Chosen({"req:EVT-2*"}), ElementsAre("events/exit-after-start", "events/oom"));
  EXPECT_THAT(Chosen({"level:may"}), ElementsAre("events-extra/one"));
}

TEST(SelectionTest, SeveralSelectorsAddUpAndExclusionsWin) {
  EXPECT_THAT(Chosen({"events", "stdio", "!tag:race"}), ElementsAre("events/oom"));
  EXPECT_THAT(Chosen({"-events*"}), ElementsAre("stdio/eof"));
  EXPECT_THAT(Chosen({"!level:must", "events"}), ElementsAre("events/oom"));
}

TEST(SelectionTest, SoakChecksAreChosenByNameOnly) {
  const Check soak = {.id = "resources/slope-soak", .tags = {"slow", kSoakTag}};
  const auto choice = [&soak](const std::vector<std::string>& words) {
    std::vector<Selector> selectors;
    for (const std::string& word : words) selectors.push_back(*Selector::Parse(word));
    return Choose(soak, selectors);
  };
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{}, {"!events"}, {"resources"}, {"resources/*"}, {"tag:s*"}}) {
    EXPECT_FALSE(choice(words).chosen) << ::testing::PrintToString(words);
    EXPECT_THAT(choice(words).reason, HasSubstr("tag:soak"));
  }
  EXPECT_EQ(choice({"events"}).reason, "matches no selector");
  EXPECT_TRUE(choice({"tag:soak"}).chosen);
  EXPECT_TRUE(choice({"resources", "resources/slope-soak"}).chosen);
  EXPECT_FALSE(choice({"tag:soak", "!tag:slow"}).chosen);
}

TEST(SelectionTest, OnlyASelectorThatMatchesAsksForSoak) {
  const Check soak = {.id = "resources/slope-soak", .tags = {kSoakTag}};
  EXPECT_TRUE(Selector::Parse("tag:soak")->AsksForSoak(soak));
  EXPECT_TRUE(Selector::Parse(soak.id)->AsksForSoak(soak));
  EXPECT_FALSE(Selector::Parse("tag:soak")->AsksForSoak(Checks()[0]));
  EXPECT_FALSE(Selector::Parse("req:" + soak.id)->AsksForSoak(soak));
}

TEST(SelectionTest, NothingOutsideOfThePlanIsChosen) {
  const Check soak = {.id = "resources/slope-soak", .tags = {kSoakTag}};
  const Selector plan = Selector::Only("--plan p.txt", {"events/oom", soak.id});
  const Check named = Checks()[1];
  EXPECT_FALSE(Choose(Checks()[0], {plan, *Selector::Parse("events")}).chosen);
  EXPECT_EQ(Choose(Checks()[0], {plan}).reason, "not in --plan p.txt");
  EXPECT_TRUE(Choose(named, {plan}).chosen);
  EXPECT_EQ(Choose(named, {plan, *Selector::Parse("!stdio")}).reason, "in the plan");
  EXPECT_EQ(Choose(named, {plan, *Selector::Parse("stdio")}).reason, "matches no selector");
  EXPECT_FALSE(Choose(named, {plan, *Selector::Parse("!events")}).chosen);
  EXPECT_EQ(Choose(soak, {plan}).reason, "in the plan") << "a plan names it in full";
  EXPECT_TRUE(Choose(soak, {plan, *Selector::Parse("resources")}).chosen);
}

TEST(SelectionTest, ChecksThatOthersHaveReadAreChosenOrExcluded) {
  EXPECT_EQ(Selector::FileOf("changed-since:a.json"), "a.json");
  EXPECT_EQ(Selector::FileOf("!changed-since:a.json"), "a.json");
  EXPECT_EQ(Selector::FileOf("-changed-since:a.json"), "a.json");
  for (const char* word : {"events", "!events", "tag:race", "!-changed-since:a.json"}) {
    EXPECT_EQ(Selector::FileOf(word), std::nullopt) << word;
  }

  const std::set<std::string> changed = {"events/oom"};
  const Check oom = Checks()[1];
  const Selector some = Selector::OfIds("changed-since:a.json", changed);
  EXPECT_EQ(Choose(oom, {some}).reason, "matches 'changed-since:a.json'");
  EXPECT_EQ(Choose(Checks()[0], {some}).reason, "matches no selector");
  for (const char* word : {"!changed-since:a.json", "-changed-since:a.json"}) {
    const Selector others = Selector::OfIds(word, changed);
    EXPECT_FALSE(Choose(oom, {others}).chosen) << word;
    EXPECT_TRUE(Choose(Checks()[0], {others}).chosen) << word;
  }
}

TEST(SelectionTest, SaysWhy) {
  const Check check = Checks()[0];
  EXPECT_EQ(Choose(check, {*Selector::Parse("tag:race")}).reason, "matches 'tag:race'");
  EXPECT_EQ(Choose(check, {*Selector::Parse("!events")}).reason, "excluded by '!events'");
  EXPECT_EQ(Choose(check, {*Selector::Parse("stdio")}).reason, "matches no selector");
  EXPECT_EQ(Choose(check, {}).reason, "every check is selected");
  EXPECT_EQ(Choose(check, {*Selector::Parse("!stdio")}).reason, "no exclusion matches it");
}

TEST(SelectionTest, MistakesAreRefused) {
  for (const char* word : {"", "!", "-", "tag:", "level:", "level:MUST", "color:red", "!req:"}) {
    EXPECT_EQ(Selector::Parse(word).status().code(), absl::StatusCode::kInvalidArgument) << word;
  }
  EXPECT_THAT(std::string(Selector::Parse("color:red").status().message()),
              HasSubstr("unknown prefix 'color:'"));
}

TEST(SelectionTest, SuggestsWhatLooksAlike) {
  EXPECT_EQ(Nearest("evnts", Checks(), 1), std::vector<std::string>{"events"});
  EXPECT_THAT(Nearest("events/exit-after-strat", Checks(), 2), Contains("events/exit-after-start"));
  EXPECT_EQ(Nearest("oom", Checks(), 1), std::vector<std::string>{"events/oom"});
  EXPECT_EQ(Nearest("*oom*", Checks(), 1), std::vector<std::string>{"events/oom"});
  EXPECT_EQ(Nearest("events/exit-after-strat*", Checks(), 1),
            std::vector<std::string>{"events/exit-after-start"});
  EXPECT_THAT(Nearest("bogus/nonsense", Checks(), 2), IsEmpty()) << "nothing is like it";
}

}  // namespace
}  // namespace conformance
