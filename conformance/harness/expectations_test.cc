// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/expectations.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kToday[] = "2026-06-01";

std::vector<Check> Checks() {
  return {{.id = "events/oom"}, {.id = "events/exit"}, {.id = "stdio/eof"}};
}

// An [[expect]] table with these lines in place of the defaults they name.
std::string Entry(const std::string& check, const std::string& more = "",
                  const std::string& result = "result = \"fail\"\nwhy = \"event.missing\"\n") {
  return "[[expect]]\ncheck = \"" + check + "\"\n" + result + "issue = \"https://x/1\"\n" + more;
}

std::string ErrorOf(const std::string& entries) {
  Expectations expectations;
  absl::Status status = expectations.Add("schema = 1\n" + entries, "e.toml");
  if (status.ok()) status = expectations.Bind(Checks());
  if (status.ok()) return "no error";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

Expectations Bound(const std::string& entries) {
  Expectations expectations;
  EXPECT_EQ(expectations.Add("schema = 1\n" + entries, "e.toml"), absl::OkStatus());
  EXPECT_EQ(expectations.Bind(Checks()), absl::OkStatus());
  return expectations;
}

TEST(ExpectationsTest, AnEntryIsFoundByItsCheck) {
  const Expectations expectations = Bound(Entry("events/oom", "kind = \"wontfix\"\n"));
  const Expectation* entry = expectations.Find("events/oom", kToday);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->result, Expectation::Result::kFail);
  EXPECT_EQ(entry->why, "event.missing");
  EXPECT_EQ(entry->reference, "https://x/1");
  EXPECT_EQ(entry->kind, Expectation::Kind::kWontfix);
  EXPECT_EQ(entry->place(), "e.toml:2");
  EXPECT_EQ(expectations.Find("events/exit", kToday), nullptr);
  EXPECT_EQ(expectations.Find("events", kToday), nullptr);
  EXPECT_THAT(expectations.Stale(kToday), IsEmpty());
}

TEST(ExpectationsTest, AGlobCoversUpToMaxMatches) {
  const Expectations two = Bound(Entry("events/*", "max_matches = 2\n"));
  EXPECT_NE(two.Find("events/oom", kToday), nullptr);
  EXPECT_NE(two.Find("events/exit", kToday), nullptr);
  EXPECT_EQ(two.Find("stdio/eof", kToday), nullptr);
  EXPECT_THAT(two.Stale(kToday), IsEmpty());
  const Expectations one = Bound(Entry("events/*", "max_matches = 1\n"));
  EXPECT_THAT(one.Stale(kToday),
              ElementsAre("e.toml:2: \"events/*\" matches 2 checks, max_matches is 1"));
}

TEST(ExpectationsTest, AnEntryThatMatchesNothingIsStale) {
  EXPECT_THAT(Bound(Entry("events/gone")).Stale(kToday),
              ElementsAre("e.toml:2: no check matches \"events/gone\""));
}

TEST(ExpectationsTest, AnExpiredEntryExcusesNothingAndIsStale) {
  const Expectations expectations = Bound(Entry("events/oom", "until = \"2026-05-31\"\n"));
  EXPECT_NE(expectations.Find("events/oom", "2026-05-31"), nullptr);
  EXPECT_THAT(expectations.Stale("2026-05-31"), IsEmpty());
  EXPECT_EQ(expectations.Find("events/oom", kToday), nullptr);
  EXPECT_THAT(expectations.Stale(kToday),
              ElementsAre("e.toml:2: \"events/oom\" has expired on 2026-05-31"));
}

TEST(ExpectationsTest, ALaterFileWins) {
  Expectations expectations;
  ASSERT_EQ(expectations.Add("schema = 1\n" + Entry("events/oom"), "a.toml"), absl::OkStatus());
  ASSERT_EQ(expectations.Add("schema = 1\n" + Entry("events/oom", "",
                                                    "result = \"hang\"\nwhy = \"reply.missing\"\n"),
                             "b.toml"),
            absl::OkStatus());
  ASSERT_EQ(expectations.Bind(Checks()), absl::OkStatus());
  EXPECT_EQ(expectations.Find("events/oom", kToday)->result, Expectation::Result::kHang);
  EXPECT_THAT(expectations.Chances("events/oom", kToday), IsEmpty());
}

TEST(ExpectationsTest, TwoEntriesOfOneFileForOneCheckAreRefused) {
  EXPECT_THAT(ErrorOf(Entry("events/oom") + Entry("events/*", "max_matches = 2\n")),
              HasSubstr("events/oom is expected at e.toml:2 already"));
  EXPECT_THAT(ErrorOf(Entry("events/oom") +
                      Entry("events/oom", "", "result = \"hang\"\nwhy = \"reply.missing\"\n")),
              HasSubstr("events/oom is expected at e.toml:2 already"));
}

std::string Flaky(const std::string& check, const std::string& why, const std::string& more = "") {
  return Entry(check, more, "result = \"flaky\"\nmax_rate = 0.5\nwhy = \"" + why + "\"\n");
}

std::vector<std::string> ChancesOf(const Expectations& expectations) {
  std::vector<std::string> whys;
  for (const Expectation* chance : expectations.Chances("events/oom", kToday)) {
    whys.push_back(chance->why);
  }
  return whys;
}

TEST(ExpectationsTest, FlakyEntriesWithOtherReasonsStandBesideTheOneThatHolds) {
  const Expectations expectations = Bound(Flaky("*", "event.order", "max_matches = 3\n") +
                                          Entry("events/oom") + Flaky("events/oom", "state.wrong"));
  EXPECT_EQ(expectations.Find("events/oom", kToday)->why, "event.missing");
  EXPECT_THAT(ChancesOf(expectations), ElementsAre("event.order", "state.wrong"));
  EXPECT_EQ(expectations.Find("stdio/eof", kToday)->why, "event.order");
  EXPECT_THAT(expectations.Overridden(), IsEmpty());
  EXPECT_THAT(ErrorOf(Entry("events/oom") + Flaky("events/oom", "event.missing")),
              HasSubstr("is expected at e.toml:2 already"));
  EXPECT_THAT(ErrorOf(Entry("events/oom") + Entry("events/oom", "", "result = \"skip\"\n")),
              HasSubstr("is expected at e.toml:2 already"));
}

TEST(ExpectationsTest, ALaterFileReplacesWhatItExcludesOnly) {
  Expectations expectations;
  ASSERT_EQ(expectations.Add("schema = 1\n" + Flaky("events/oom", "event.order") +
                                 Entry("events/oom") + Flaky("events/oom", "state.wrong"),
                             "a.toml"),
            absl::OkStatus());
  ASSERT_EQ(expectations.Add("schema = 1\n" + Flaky("events/oom", "event.missing"), "b.toml"),
            absl::OkStatus());
  ASSERT_EQ(expectations.Bind(Checks()), absl::OkStatus());
  EXPECT_EQ(expectations.Find("events/oom", kToday)->result, Expectation::Result::kFlaky);
  EXPECT_THAT(ChancesOf(expectations), ElementsAre("state.wrong", "event.missing"));
  ASSERT_EQ(
      expectations.Add("schema = 1\n" + Entry("events/oom", "", "result = \"skip\"\n"), "c.toml"),
      absl::OkStatus());
  ASSERT_EQ(expectations.Bind(Checks()), absl::OkStatus());
  EXPECT_EQ(expectations.Find("events/oom", kToday)->result, Expectation::Result::kSkip);
  EXPECT_THAT(ChancesOf(expectations), IsEmpty());
  ASSERT_EQ(expectations.Add("schema = 1\n" + Flaky("events/oom", "event.order"), "d.toml"),
            absl::OkStatus());
  ASSERT_EQ(expectations.Bind(Checks()), absl::OkStatus());
  EXPECT_EQ(expectations.Find("events/oom", kToday)->place(), "d.toml:2");
  EXPECT_THAT(ChancesOf(expectations), IsEmpty());
}

TEST(ExpectationsTest, ASkipNeedsNoWhyAndAFlakyOneNeedsARate) {
  const Expectations skip = Bound(Entry("events/oom", "", "result = \"skip\"\n"));
  EXPECT_EQ(skip.Find("events/oom", kToday)->result, Expectation::Result::kSkip);
  const Expectations flaky = Bound(
      Entry("events/oom", "max_rate = 0.25\n", "result = \"flaky\"\nwhy = \"event.order\"\n"));
  EXPECT_EQ(flaky.Find("events/oom", kToday)->max_rate, 0.25);
  for (const char* rate : {"", "max_rate = -0.5\n", "max_rate = 0\n", "max_rate = 1.5\n"}) {
    EXPECT_THAT(ErrorOf(Entry("events/oom", rate, "result = \"flaky\"\nwhy = \"event.order\"\n")),
                HasSubstr("[[expect]] 1 max_rate: a flaky check needs its bound"))
        << rate;
  }
  EXPECT_THAT(ErrorOf(Entry("events/oom", "max_rate = 0.5\n")), HasSubstr("has a rate"));
}

TEST(ExpectationsTest, ErrorsNameFileLineAndField) {
  EXPECT_THAT(ErrorOf(Entry("events/oom", "", "result = \"fail\"\n")),
              HasSubstr("e.toml:2:1: [[expect]] 1 why: missing"));
  EXPECT_THAT(ErrorOf(Entry("events/oom", "", "result = \"fail\"\nwhy = \"it.broke\"\n")),
              HasSubstr("e.toml:5:7: [[expect]] 1 why: \"it.broke\" is no why.code"));
  EXPECT_THAT(ErrorOf("[[expect]]\nresult = \"fail\"\nwhy = \"event.order\"\nissue = \"#1\"\n"),
              HasSubstr("check: missing"));
  EXPECT_THAT(ErrorOf(Entry("")), HasSubstr("check: missing"));
  EXPECT_THAT(ErrorOf(Entry("events/oom", "", "")),
              HasSubstr("result: missing; one of fail, hang, crash, leak, flaky, skip"));
  EXPECT_THAT(ErrorOf(Entry("events/oom", "", "result = \"pass\"\nwhy = \"event.order\"\n")),
              HasSubstr("result: \"pass\" is none of fail, hang"));
  EXPECT_THAT(ErrorOf(Entry("events/*")), HasSubstr("max_matches: missing"));
  EXPECT_THAT(ErrorOf(Entry("events/oom", "max_matches = 0\n")), HasSubstr("at least 1"));
  EXPECT_THAT(ErrorOf(Entry("events/oom", "until = \"soon\"\n")), HasSubstr("no date"));
  EXPECT_THAT(ErrorOf(Entry("events/oom", "until = \"2026-13-01\"\n")), HasSubstr("no date"));
  EXPECT_THAT(ErrorOf(Entry("events/oom", "until = \"2026-7-1\"\n")), HasSubstr("no date"));
  EXPECT_THAT(ErrorOf(Entry("events/oom", "kind = \"magic\"\n")), HasSubstr("kind: \"magic\""));
  EXPECT_THAT(
      ErrorOf(Entry("events/oom", "when = \"always\"\n")),
      HasSubstr("e.toml:7:8: [[expect]] 1 when: column 1 of the condition: expected one of"));
  EXPECT_THAT(ErrorOf(Entry("events/oom", "why2 = \"x\"\n")), HasSubstr("why2: unknown key"));
  EXPECT_THAT(ErrorOf("[[expect]]\ncheck = \"events/oom\"\nresult = \"fail\"\n"
                      "why = \"event.order\"\n"),
              HasSubstr("issue: missing"));
  EXPECT_THAT(ErrorOf(Entry("events/oom") + Entry("stdio/eof", "owner = 3\n")),
              HasSubstr("[[expect]] 2 owner: expected a string"));
  EXPECT_THAT(ErrorOf("expect = 1\n"), HasSubstr("expected tables, written [[expect]]"));
}

TEST(ExpectationsTest, AFlakyResultMayCarryItsRate) {
  const std::string why = "why = \"event.order\"\n";
  const Expectations flaky =
      Bound(Entry("events/oom", "", "result = \"flaky(max_rate=0.02)\"\n" + why));
  EXPECT_EQ(flaky.Find("events/oom", kToday)->result, Expectation::Result::kFlaky);
  EXPECT_EQ(flaky.Find("events/oom", kToday)->max_rate, 0.02);
  EXPECT_THAT(ErrorOf(Entry("events/oom", "", "result = \"flaky(max_rate=x)\"\n" + why)),
              HasSubstr("\"x\" is no rate"));
  EXPECT_THAT(ErrorOf(Entry("events/oom", "", "result = \"flaky(max_rate=2)\"\n" + why)),
              HasSubstr("[[expect]] 1 result: a flaky check needs its bound"));
  EXPECT_THAT(ErrorOf(Entry("events/oom", "max_rate = 0.02\n",
                            "result = \"flaky(max_rate=0.02)\"\n" + why)),
              HasSubstr("max_rate: is said in `result` already"));
  for (const char* result : {"flaky(0.02)", "flaky(max_rate=0.02"}) {
    const std::string line = absl::StrCat("result = \"", result, "\"\n");
    EXPECT_THAT(ErrorOf(Entry("events/oom", "", line + why)),
                HasSubstr(absl::StrCat("\"", result, "\" is none of fail")));
  }
}

TEST(ExpectationsTest, OnlyEntriesWhoseConditionHoldsTakePart) {
  const std::string older = "when = \"shim.version < '2'\"\nowner = \"@ana\"\n";
  const std::string newer = "when = \"shim.version >= '2'\"\nuntil = \"2026-01-01\"\n";
  Expectations expectations;
  ASSERT_EQ(expectations.Add(
                "schema = 1\n" + Entry("events/oom", older) +
                    Entry("events/oom", newer, "result = \"hang\"\nwhy = \"reply.missing\"\n"),
                "e.toml"),
            absl::OkStatus());
  EXPECT_TRUE(expectations.Mentions("shim.version"));
  EXPECT_FALSE(expectations.Mentions("engine"));
  const Facts old_shim = {{"shim.version", "1.7.1"}};
  ASSERT_EQ(expectations.Bind(Checks(), &old_shim), absl::OkStatus());
  ASSERT_NE(expectations.Find("events/oom", kToday), nullptr);
  EXPECT_EQ(expectations.Find("events/oom", kToday)->owner, "@ana");
  EXPECT_THAT(expectations.Stale(kToday), IsEmpty());
  const Facts unknown;
  ASSERT_EQ(expectations.Bind(Checks(), &unknown), absl::OkStatus());
  EXPECT_EQ(expectations.Find("events/oom", kToday), nullptr);
  // Linting looks at all of them.
  ASSERT_EQ(expectations.Bind(Checks()), absl::OkStatus());
  EXPECT_THAT(expectations.Stale(kToday), ElementsAre(HasSubstr("has expired on 2026-01-01")));
}

TEST(ExpectationsTest, OverriddenEntriesAreNamed) {
  Expectations expectations;
  ASSERT_EQ(expectations.Add("schema = 1\n" + Entry("events/oom"), "a.toml"), absl::OkStatus());
  ASSERT_EQ(expectations.Add("schema = 1\n" + Entry("events/*", "max_matches = 2\n"), "b.toml"),
            absl::OkStatus());
  ASSERT_EQ(expectations.Bind(Checks()), absl::OkStatus());
  EXPECT_THAT(expectations.Overridden(),
              ElementsAre("a.toml:2: \"events/oom\" is overridden by a later file"));
}

TEST(ExpectationsTest, WhatIsBoundToNothingIsNotOverridden) {
  EXPECT_THAT(Bound(Entry("events/gone")).Overridden(), IsEmpty());
  EXPECT_THAT(Bound(Entry("events/oom", "when = \"engine == 'runc'\"\n")).Overridden(), IsEmpty());
}

TEST(ExpectationsTest, EntriesThatWereNeverBoundMatchNothing) {
  Expectations expectations;
  ASSERT_EQ(expectations.Add("schema = 1\n" + Entry("events/oom"), "e.toml"), absl::OkStatus());
  EXPECT_THAT(expectations.Stale(kToday), ElementsAre("e.toml:2: no check matches \"events/oom\""));
  EXPECT_EQ(expectations.Find("events/oom", kToday), nullptr);
}

TEST(ExpectationsTest, KindsHaveTheirWords) {
  for (const char* kind : {"bug", "wontfix", "spec-dispute", "host"}) {
    const Expectations expectations =
        Bound(Entry("events/oom", absl::StrCat("kind = \"", kind, "\"\n")));
    EXPECT_EQ(KindName(expectations.Find("events/oom", kToday)->kind), kind);
  }
}

TEST(ExpectationsTest, AnEmptyFileExpectsNothing) {
  EXPECT_EQ(Bound("").Find("events/oom", kToday), nullptr);
}

TEST(ExpectationsTest, TodayIsADate) {
  EXPECT_EQ(Today().size(), 10u);
  EXPECT_GE(Today(), "2020-01-01");
}

}  // namespace
}  // namespace conformance
