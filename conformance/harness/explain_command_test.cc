// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/explain_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/harness/catalogue_page.h"
#include "conformance/harness/requirement.h"
#include "conformance/harness/usual_mistakes.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// The second is one that an expectation file knows.
const std::vector<Check>& Checks() {
  static const std::vector<Check> checks = {
      {.id = "events/order-holds", .requirements = {"EVT-20", "CREATE-02"}},
      {.id = "bootstrap/tolerates-unknown-stdin",
       .requirements = {"STDIN-06"},
       .level = Level::kShould,
       .tags = {"race"},
       .needs = ToNeeds(Need::kExec)}};
  return checks;
}

TEST(ExplainTest, RequirementHasTextSourceReleasesChecksAndHint) {
  const absl::StatusOr<std::string> text = Explain("EVT-20", Checks());
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(
      *text,
      AllOf(HasSubstr("EVT-20  MUST  Per process"), HasSubstr("source    docs/runtime-v2.md"),
            HasSubstr("all (containerd 1.6, 1.7, 2.0-2.2, 2.3, 2.4)"),
            HasSubstr("checks    events/order-holds  MUST"), HasSubstr("hint      The reaper")));
  EXPECT_EQ(*Explain("evt-20", Checks()), *text);
}

TEST(ExplainTest, ReleasesThatARowDoesNotHoldForAreNamed) {
  EXPECT_THAT(*Explain("CREATE-02", Checks()),
              HasSubstr("since 1.7 (containerd not 1.6, 1.7, 2.0-2.2, 2.3, 2.4)"));
}

TEST(ExplainTest, RequirementWithoutCheckTellsTheReason) {
  const Requirement* row = LookupRequirement("FLAG-11");
  ASSERT_NE(row, nullptr);
  ASSERT_FALSE(row->unchecked.empty());
  EXPECT_THAT(*Explain("FLAG-11", Checks()), HasSubstr(std::string(row->unchecked)));
}

TEST(ExplainTest, CheckHasRulesNeedsAndKnownShims) {
  const absl::StatusOr<std::string> text = Explain("bootstrap/tolerates-unknown-stdin", Checks());
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text, AllOf(HasSubstr("SHOULD\n"), HasSubstr("judges    STDIN-06  SHOULD"),
                           HasSubstr("needs     exec"), HasSubstr("tags      race"),
                           HasSubstr("\n  known     "),
                           HasSubstr(" runc-v2-1.6: bootstrap/tolerates-unknown-stdin "
                                     "fail start.failed: STDIN-06")));
}

TEST(ExplainTest, UnknownWordSuggests) {
  EXPECT_THAT(std::string(Explain("EVT-2O", Checks()).status().message()), HasSubstr("EVT-20"));
  EXPECT_THAT(std::string(Explain("events/order-hold", Checks()).status().message()),
              HasSubstr("did you mean events/order-holds?"));
  EXPECT_EQ(ExplainCommand("nonsense", Checks()), 2);
}

TEST(ExplainTest, HintsBelongToRows) {
  for (const Requirement& row : Requirements()) {
    const absl::string_view hint = UsualMistake(row.id);
    if (!hint.empty()) {
      EXPECT_EQ(hint.back(), '.') << row.id;
    }
  }
  EXPECT_TRUE(UsualMistake("EVT-99").empty());
}

TEST(CataloguePageTest, ShowsBothDirectionsAndReasons) {
  const std::string page = CataloguePage(Checks());
  EXPECT_THAT(page, HasSubstr("| EVT-20 | must | all | Per process the order is create, start, "
                              "exit, delete, and exec-added, exec-started, exit. | "
                              "`events/order-holds` |"));
  EXPECT_THAT(page,
              HasSubstr("| `bootstrap/tolerates-unknown-stdin` | should | STDIN-06 | exec |"));
  EXPECT_THAT(page, HasSubstr("| FLAG-11 | must | all |"));
  EXPECT_THAT(page, HasSubstr("none: containerd resolves the name"));
}

}  // namespace
}  // namespace conformance
