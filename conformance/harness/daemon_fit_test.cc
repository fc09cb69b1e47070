// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/daemon_fit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "conformance/harness/requirement.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Results of made-up checks; owns the checks they borrow.
class DaemonFitTest : public ::testing::Test {
 protected:
  CheckResult& Add(const std::string& id, Result result, const std::string& requirement,
                   const Why& why = {}) {
    checks_.push_back({.id = id, .requirements = {requirement}});
    CheckResult row;
    row.planned.check = &checks_.back();
    row.result = result;
    Attempt attempt;
    attempt.whys.push_back(why);
    row.attempts.push_back(std::move(attempt));
    results_.push_back(std::move(row));
    return results_.back();
  }
  void AddDaemons(Result result, const std::string& reason) {
    for (const DaemonLine line : kDaemonLines) {
      Add(DaemonCheckId(line), result, "VERS-01", {.text = reason});
    }
  }

  std::deque<Check> checks_;
  std::vector<CheckResult> results_;
};

TEST_F(DaemonFitTest, NothingIsSaidWithoutTheChecksThatAsk) {
  Add("events/x", Result::kFail, "EVT-20");
  EXPECT_THAT(DaemonFits(results_), IsEmpty());
  EXPECT_EQ(DaemonFitText({}), "");
}

TEST_F(DaemonFitTest, PassedMeansItRuns) {
  AddDaemons(Result::kPass, "");
  const std::vector<DaemonFit> fits = DaemonFits(results_);
  ASSERT_EQ(fits.size(), 5u);
  for (const DaemonFit& fit : fits) {
    EXPECT_EQ(fit.answer, DaemonFit::Answer::kRuns);
    EXPECT_EQ(fit.reason, "");
  }
  EXPECT_THAT(DaemonFitText(fits), HasSubstr("  2.0-2.2  yes\n"));
}

TEST_F(DaemonFitTest, SkippedByTheCheckTellsWhyNot) {
  AddDaemons(Result::kSkip, "it prints JSON");
  const std::vector<DaemonFit> fits = DaemonFits(results_);
  EXPECT_EQ(fits[0].answer, DaemonFit::Answer::kDoesNot);
  EXPECT_THAT(DaemonFitText(fits), HasSubstr("  1.6      no: it prints JSON\n"));
}

TEST_F(DaemonFitTest, SkippedByThePlanIsNoAnswer) {
  CheckResult& row = Add(DaemonCheckId(DaemonLine::k1_7), Result::kSkip, "VERS-01");
  row.planned.skip = SkipKind::kLevel;
  row.planned.skip_reason = "only must is judged";
  const std::vector<DaemonFit> fits = DaemonFits(results_);
  ASSERT_EQ(fits.size(), 5u);
  EXPECT_EQ(fits[1].answer, DaemonFit::Answer::kNotAsked);
  EXPECT_EQ(fits[1].reason, "only must is judged");
  EXPECT_EQ(fits[2].reason, "its check was not selected");
}

TEST_F(DaemonFitTest, WithoutAVerdictThereIsNoAnswer) {
  Add(DaemonCheckId(DaemonLine::k1_6), Result::kNotRun, "VERS-01");
  Add(DaemonCheckId(DaemonLine::k1_7), Result::kError, "VERS-01");
  const std::vector<DaemonFit> fits = DaemonFits(results_);
  ASSERT_EQ(fits.size(), 5u);
  for (const std::size_t i : {0u, 1u}) {
    EXPECT_EQ(fits[i].answer, DaemonFit::Answer::kNotAsked);
    EXPECT_EQ(fits[i].reason, "its check has no verdict");
  }
}

TEST_F(DaemonFitTest, AFailedCheckMeansItDoesNotRun) {
  AddDaemons(Result::kFail, "wrong code");
  const std::vector<DaemonFit> fits = DaemonFits(results_);
  ASSERT_EQ(fits.size(), 5u);
  EXPECT_EQ(fits[0].answer, DaemonFit::Answer::kDoesNot);
  EXPECT_EQ(fits[0].reason, "its check fails");
}

TEST_F(DaemonFitTest, BrokenIsWhatFailuresNameOrElseWhatTheCheckIsFor) {
  AddDaemons(Result::kPass, "");
  Add("a/names-another", Result::kFail, "EVT-21", {.requirement = "EVT-20"});
  Add("a/names-none", Result::kFail, "EVT-22").attempts.clear();
  Add("a/names-what-is-no-row", Result::kFail, "EVT-24", {.requirement = "EVT-00"});
  Add("a/is-for-nothing", Result::kFail, "EVT-24");
  checks_.back().requirements.clear();
  EXPECT_THAT(DaemonFits(results_)[0].broken, ElementsAre("EVT-20", "EVT-22"));
}

TEST_F(DaemonFitTest, BrokenMustsCountWhereTheyHold) {
  AddDaemons(Result::kPass, "");
  Add("a/params", Result::kFail, "STDIN-10");                            // MUST since 2.3
  Add("a/xfail", Result::kXfail, "FILE-01");                             // MUST until 1.7
  Add("a/other", Result::kHang, "STDIN-10", {.requirement = "EVT-20"});  // MUST, always
  Add("a/should", Result::kFail, "EVT-27");                              // SHOULD
  const std::vector<DaemonFit> fits = DaemonFits(results_);
  EXPECT_THAT(fits[0].broken, ElementsAre("EVT-20", "FILE-01"));
  EXPECT_THAT(fits[2].broken, ElementsAre("EVT-20"));
  EXPECT_THAT(fits[4].broken, ElementsAre("EVT-20", "STDIN-10"));
  EXPECT_THAT(DaemonFitText(fits), HasSubstr("1.6      yes, with 2 MUST broken: EVT-20 FILE-01\n"));
}

TEST_F(DaemonFitTest, AtMostEightBrokenMustsAreNamed) {
  AddDaemons(Result::kPass, "");
  std::vector<std::string> ids;
  for (const Requirement& row : Requirements()) {
    const bool always = row.validity.since.empty() && row.validity.until.empty();
    if (row.level == Level::kMust && always && ids.size() < 9) ids.emplace_back(row.id);
  }
  ASSERT_EQ(ids.size(), 9u);
  for (std::size_t i = 0; i < 8; ++i) Add("a/check", Result::kFail, ids[i]);
  EXPECT_THAT(DaemonFitText(DaemonFits(results_)),
              HasSubstr("1.6      yes, with 8 MUST broken: " + ids[0] + " "));
  EXPECT_THAT(DaemonFitText(DaemonFits(results_)), HasSubstr(" " + ids[7] + "\n"));
  Add("a/check", Result::kFail, ids[8]);
  EXPECT_THAT(DaemonFitText(DaemonFits(results_)), HasSubstr(" " + ids[7] + " ...\n"));
}

}  // namespace
}  // namespace conformance
