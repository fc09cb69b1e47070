// SPDX-License-Identifier: Apache-2.0
// The parts of the selftest that decide: which faults, what a cell is worth, whether a report's
// first screen is enough, what a result file holds.
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "base/testing/temp_dir.h"
#include "conformance/selftest/cell.h"
#include "conformance/selftest/fault_rows.h"
#include "conformance/selftest/fault_runner.h"
#include "conformance/selftest/first_screen.h"
#include "conformance/selftest/judge_run.h"
#include "conformance/selftest/legal_kept.h"
#include "conformance/selftest/legal_variants.h"
#include "conformance/selftest/proof.h"
#include "conformance/selftest/proof_file.h"
#include "conformance/selftest/proof_page.h"
#include "conformance/selftest/proof_sum.h"
#include "conformance/selftest/races.h"
#include "conformance/selftest/subject_run.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::vector<Check>& SomeChecks() {
  static const std::vector<Check> checks = {
      {.id = "events/a", .requirements = {"EVT-20"}},
      {.id = "events/b", .requirements = {"EVT-21"}, .tags = {"race"}},
      {.id = "exec/c", .requirements = {"EXEC-01"}}};
  return checks;
}

const std::vector<fakes::KnownFault>& SomeFaults() {
  static const std::vector<fakes::KnownFault> faults = {
      {.name = "loses-a",
       .what = "loses a",
       .rules = {"drop a"},
       .kills = {{"events/a", "event.missing"}, {"events/b", "event.order"}}},
      {.name = "breaks-c", .what = "breaks c", .rules = {"c"}, .kills = {{"exec/c", "reply.code"}}},
      {.name = "harmless", .what = "nothing", .rules = {"x"}, .equivalent = "nobody sees it"}};
  return faults;
}

std::vector<FaultRow> SomeRows() {
  return {{fakes::KnownFaultSeam::kWire, &SomeFaults()[0]},
          {fakes::KnownFaultSeam::kShim, &SomeFaults()[1]},
          {fakes::KnownFaultSeam::kShim, &SomeFaults()[2]}};
}

std::vector<std::string> Selected(const std::vector<std::string>& words) {
  const auto rows = SelectFaults(SomeRows(), words, SomeChecks());
  std::vector<std::string> names;
  if (!rows.ok()) return {std::string(rows.status().message())};
  for (const FaultRow& row : *rows) names.emplace_back(row.fault->name);
  return names;
}

TEST(FaultRowsTest, WordsSelect) {
  EXPECT_THAT(Selected({}), SizeIs(3));
  EXPECT_THAT(Selected({"loses-a"}), ElementsAre("loses-a"));
  EXPECT_THAT(Selected({"*-?"}), ElementsAre("loses-a", "breaks-c"));
  EXPECT_THAT(Selected({"seam:shim"}), ElementsAre("breaks-c", "harmless"));
  EXPECT_THAT(Selected({"check:exec/*"}), ElementsAre("breaks-c"));
  EXPECT_THAT(Selected({"tag:race"}), ElementsAre("loses-a"));
  EXPECT_THAT(Selected({"!harmless"}), ElementsAre("loses-a", "breaks-c"));
  EXPECT_THAT(Selected({"seam:shim", "!check:exec/c"}), ElementsAre("harmless"));
}

TEST(FaultRowsTest, WordsThatMatchNothingAreErrors) {
  EXPECT_THAT(Selected({"loses-b"}), ElementsAre(HasSubstr("did you mean loses-a")));
  EXPECT_THAT(Selected({"seam:moon"}), ElementsAre(HasSubstr("matches no fault")));
  EXPECT_THAT(Selected({"colour:red"}), ElementsAre(HasSubstr("expected a name or glob")));
  EXPECT_THAT(Selected({"harmless", "!harmless"}), ElementsAre("no fault is selected"));
}

TEST(FaultRowsTest, RowsCanKeepSomeOfTheirChecksOnly) {
  std::deque<fakes::KnownFault> limited;
  const std::vector<FaultRow> rows = LimitChecks(SomeRows(), {"events/b", "events/d"}, limited);
  ASSERT_THAT(rows, SizeIs(1));  // the others have none of these
  EXPECT_EQ(rows[0].seam, fakes::KnownFaultSeam::kWire);
  EXPECT_EQ(rows[0].fault->name, "loses-a");
  ASSERT_THAT(rows[0].fault->kills, SizeIs(1));
  EXPECT_EQ(rows[0].fault->kills[0].check, "events/b");
  EXPECT_EQ(rows[0].fault->kills[0].why, "event.order");
  EXPECT_THAT(SomeFaults()[0].kills, SizeIs(2));  // the table is as it was
  EXPECT_THAT(LimitChecks(SomeRows(), {"exec/a"}, limited), IsEmpty());
}

TEST(FaultRowsTest, WhatIsWrongWithATableIsTold) {
  EXPECT_THAT(FaultRowViolations(SomeRows(), SomeChecks()), IsEmpty());
  const fakes::KnownFault wrong = {
      .name = "Wrong",
      .what = "w",
      .rules = {"r"},
      .kills = {{"no/such", "event.order"}, {"events/a", "just.so"}, {"events/a", "event.order"}},
      .equivalent = "really"};
  const fakes::KnownFault bare = {.name = "loses-a"};
  std::vector<FaultRow> rows = SomeRows();
  rows.push_back({fakes::KnownFaultSeam::kEngine, &wrong});
  rows.push_back({fakes::KnownFaultSeam::kEngine, &bare});
  EXPECT_THAT(FaultRowViolations(rows, SomeChecks()),
              ElementsAre(HasSubstr("expected a name"), HasSubstr("although it says"),
                          HasSubstr("no/such, which is no check"), HasSubstr("'just.so'"),
                          HasSubstr("events/a twice"), HasSubstr("is there twice"),
                          HasSubstr("has no rules"), HasSubstr("does not say what"),
                          HasSubstr("does not say why none can")));
}

CheckResult ResultOf(const std::vector<std::pair<Verdict, std::string>>& ends) {
  CheckResult result;
  result.planned.check = SomeChecks().data();
  for (const auto& [verdict, code] : ends) {
    Attempt& attempt = result.attempts.emplace_back();
    attempt.verdict = verdict;
    if (!code.empty()) attempt.whys = {{.code = code, .text = "because"}};
    attempt.took = std::chrono::milliseconds(5);
  }
  return result;
}

CellKind KindOf(const std::string& expected,
                const std::vector<std::pair<Verdict, std::string>>& ends) {
  const CheckResult result = ResultOf(ends);
  return MakeCell("events/a", expected, &result).kind;
}

TEST(CellTest, OnlyTheRightReasonIsAKillAsIntended) {
  using enum Verdict;
  EXPECT_EQ(KindOf("event.order", {{kFail, "event.order"}}), CellKind::kIntended);
  EXPECT_EQ(KindOf("left.mount", {{kLeak, "left.mount"}}), CellKind::kIntended);
  EXPECT_EQ(KindOf("event.order", {{kFail, "event.missing"}}), CellKind::kOtherwise);
  EXPECT_EQ(KindOf("event.order", {{kHang, "reply.missing"}}), CellKind::kOtherwise);
  EXPECT_EQ(KindOf("", {{kFail, "event.missing"}}), CellKind::kOtherwise);
  EXPECT_EQ(KindOf("event.order", {{kPass, ""}}), CellKind::kSurvived);
  EXPECT_EQ(KindOf("event.order", {{kError, "harness.error"}}), CellKind::kNotReached);
  EXPECT_EQ(KindOf("event.order", {{kSkip, "not-claimed"}}), CellKind::kNotReached);
  EXPECT_EQ(KindOf("event.order", {}), CellKind::kNotReached);
  EXPECT_EQ(MakeCell("x", "event.order", nullptr).kind, CellKind::kNotReached);
}

TEST(CellTest, ExecutionsThatDisagreeAreUnstable) {
  using enum Verdict;
  EXPECT_EQ(KindOf("event.order", {{kFail, "event.order"}, {kFail, "event.order"}}),
            CellKind::kIntended);
  EXPECT_EQ(KindOf("event.order", {{kFail, "event.order"}, {kPass, ""}}), CellKind::kUnstable);
  EXPECT_EQ(KindOf("event.order", {{kFail, "event.order"}, {kFail, "event.field"}}),
            CellKind::kUnstable);
  EXPECT_EQ(KindOf("event.order", {{kFail, "event.field"}, {kPass, ""}}), CellKind::kUnstable);
  EXPECT_EQ(KindOf("", {{kPass, ""}, {kPass, ""}}), CellKind::kSurvived);
  const CheckResult result = ResultOf({{kFail, "event.order"}, {kPass, ""}, {kPass, ""}});
  const Cell cell = MakeCell("events/a", "event.order", &result);
  EXPECT_EQ(cell.executions, 3U);
  EXPECT_EQ(cell.kills, 1U);
  EXPECT_EQ(cell.verdict, "pass") << "what is not as it should be is shown";
  EXPECT_EQ(cell.ms, 5);
}

TEST(CellTest, AKillByTimeoutSaysSo) {
  const CheckResult result = ResultOf({{Verdict::kHang, "reply.missing"}});
  EXPECT_EQ(MakeCell("events/a", "event.order", &result).detail,
            "only a deadline told: hang reply.missing, expected event.order");
}

TEST(CellTest, WhatAMayCheckMissesCounts) {
  CheckResult result = ResultOf({{Verdict::kSkip, "not-claimed"}});
  result.attempts.front().whys.push_back({.code = "file.content", .text = "it is missing"});
  const Cell cell = MakeCell("events/a", "file.content", &result);
  EXPECT_EQ(cell.kind, CellKind::kIntended);
  EXPECT_EQ(cell.why, "file.content");
  EXPECT_EQ(MakeCell("events/a", "event.order", &result).kind, CellKind::kOtherwise);
}

TEST(CellTest, NamesOfKindsReadBack) {
  for (const CellKind kind : kCellKinds) EXPECT_EQ(ParseCellKind(CellKindName(kind)), kind);
  EXPECT_EQ(ParseCellKind("killed"), std::nullopt);
}

std::string Screen(const std::string& fields) {
  return absl::StrCat("head\n\n\u2717 FAIL   events/other   MUST  EVT-20   1 ms\n  rule      x\n",
                      "\u2717 FAIL   events/a   MUST  EVT-20   1 ms\n", fields,
                      "\nevents  0/2 pass\n");
}

TEST(FirstScreenTest, NamesRuleExpectedAndObserved) {
  const std::string rule = "  rule      EVT-20: Events come in order.\n";
  const std::string expected = "  expected  create\n";
  const std::string observed = "  observed  exit\n";
  EXPECT_EQ(FirstScreenProblem(Screen(rule + expected + observed), "events/a"), "");
  EXPECT_EQ(FirstScreenProblem(Screen(expected + observed), "events/a"), "no requirement is named");
  EXPECT_EQ(
      FirstScreenProblem(Screen("  rule      EVT-999: ?\n" + expected + observed), "events/a"),
      "no requirement is named");
  EXPECT_EQ(FirstScreenProblem(Screen(rule + observed), "events/a"),
            "what was expected is not told");
  EXPECT_EQ(FirstScreenProblem(Screen(rule + expected), "events/a"),
            "what was observed is not told");
  EXPECT_EQ(FirstScreenProblem(Screen(rule + expected + observed), "events/b"),
            "the report has no evidence of it");
}

TEST(FirstScreenTest, IsFifteenLinesLongAndOfOneCheck) {
  std::string timeline;
  for (int i = 0; i < 15; ++i) absl::StrAppend(&timeline, "     +1.000  line\n");
  const std::string rule = "  rule      EVT-20: Events come in order.\n";
  const std::string late = rule + timeline + "  expected  x\n  observed  y\n";
  EXPECT_EQ(FirstScreenProblem(Screen(late), "events/a"), "the contradiction is not told");
  const std::string next =
      rule + "\u2717 FAIL   events/b   MUST  EVT-20   1 ms\n  expected  x\n  observed  y\n";
  EXPECT_EQ(FirstScreenProblem(Screen(next), "events/a"), "the contradiction is not told");
}

TEST(FirstScreenTest, TellsInWordsWhatNoComparisonTells) {
  const std::string rule = "  rule      EVT-20: Events come in order.\n";
  const std::string why = "  why       event.missing: no /tasks/exit within 5 s\n";
  EXPECT_EQ(FirstScreenProblem(Screen(rule + why), "events/a"), "");
  EXPECT_EQ(FirstScreenProblem(Screen(rule + "  why       event.missing\n"), "events/a"),
            "the contradiction is not told");
  EXPECT_EQ(FirstScreenProblem(Screen(rule + why + "  expected  create\n"), "events/a"),
            "what was observed is not told");
}

FaultRecord KilledFault() {
  FaultRecord fault;
  fault.seam = "wire";
  fault.name = "loses-a";
  fault.what = "loses a";
  fault.origin = "EVT-20";
  fault.key = "12ab";
  fault.firings = 2;
  fault.cells = {{.check = "events/a",
                  .expected = "event.missing",
                  .kind = CellKind::kIntended,
                  .verdict = "fail",
                  .why = "event.missing",
                  .executions = 1,
                  .kills = 1,
                  .ms = 12}};
  fault.also_green = 7;
  fault.ms = 300;
  return fault;
}

TEST(ProofTest, OnlyAFaultKilledThroughoutIsProven) {
  FaultRecord fault = KilledFault();
  EXPECT_EQ(StandingOf(fault), FaultStanding::kKilled);
  EXPECT_EQ(ShortfallOf(fault), "");
  fault.cells.push_back({.check = "events/b", .kind = CellKind::kOtherwise});
  EXPECT_TRUE(IsProven(fault)) << "nobody asked for the other check";
  fault.first_screen = "no requirement is named";
  EXPECT_EQ(StandingOf(fault), FaultStanding::kOtherwise);
  EXPECT_EQ(ShortfallOf(fault), "events/a: first screen: no requirement is named");
  fault.cells.push_back({.check = "exec/c",
                         .expected = "reply.code",
                         .kind = CellKind::kSurvived,
                         .detail = "green"});
  EXPECT_EQ(StandingOf(fault), FaultStanding::kSurvived);
  EXPECT_EQ(ShortfallOf(fault), "exec/c: green");
  fault.firings = 0;
  EXPECT_EQ(StandingOf(fault), FaultStanding::kNeverFired);
  fault.problem = "the judge was killed";
  EXPECT_EQ(StandingOf(fault), FaultStanding::kProblem);
  fault.equivalent = "cannot be seen";
  EXPECT_TRUE(IsProven(fault));
}

TEST(ProofTest, AFileReadsBack) {
  Proof proof;
  proof.command = "matrix";
  proof.suite_version = "1";
  proof.shim = "shim";
  proof.shim_sha256 = "ff";
  proof.kernel = "linux 6";
  proof.started = "2026-01-01T00:00:00Z";
  proof.complete = false;
  proof.repeat = 3;
  proof.not_begun = 7;
  proof.healthy_red = {"a/b"};
  proof.faults = {KilledFault()};
  proof.faults.front().equivalent = "e";
  proof.faults.front().first_screen = "s";
  proof.faults.front().problem = "p";
  proof.nulls = {{.name = "true",
                  .what = "w",
                  .exit_code = 1,
                  .judged = 2,
                  .passed = {"x"},
                  .left = {"y"},
                  .problem = "z",
                  .ms = 3}};
  proof.legal = {{.name = "umask",
                  .what = "w",
                  .skipped = "s",
                  .key = "k",
                  .repeats = 2,
                  .passed = 3,
                  .unexpected = {"u"},
                  .problem = "p",
                  .ms = 4}};
  proof.revision = "r";
  proof.ms = 5;
  const absl::StatusOr<Proof> read = ParseProof(FormatProof(proof), "f");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, proof);
  const absl::StatusOr<FaultRecord> fault = ParseFaultRecord(FormatFaultRecord(KilledFault()), "f");
  ASSERT_TRUE(fault.ok()) << fault.status();
  EXPECT_EQ(*fault, KilledFault());
  const absl::StatusOr<LegalRecord> legal =
      ParseLegalRecord(FormatLegalRecord(proof.legal.front()), "f");
  ASSERT_TRUE(legal.ok()) << legal.status();
  EXPECT_EQ(*legal, proof.legal.front());
}

TEST(LegalKept, GoesOnFromWhatWasGreenAndOfTheSameKey) {
  const base::testing::TempDir temp;
  const LegalKept kept(temp.path());
  const LegalVariant variant{.name = "umask", .what = "another umask"};
  LegalRecord record = kept.Load(variant, "k");
  EXPECT_EQ(record, (LegalRecord{.name = "umask", .what = "another umask", .key = "k"}));
  AddRepeats({.repeats = 20, .passed = 700, .ms = 5}, record);
  AddRepeats({.repeats = 5, .passed = 699, .ms = 2}, record);
  EXPECT_EQ(record.repeats, 25U);
  EXPECT_EQ(record.passed, 699U) << "in each of them";
  EXPECT_EQ(record.ms, 7);
  ASSERT_TRUE(kept.Save(record).ok());
  EXPECT_EQ(kept.Load(variant, "k"), record);
  EXPECT_EQ(kept.Load(variant, "another").repeats, 0U);
  AddRepeats({.repeats = 1, .unexpected = {"events/a: fail event.order"}}, record);
  AddRepeats({.repeats = 1, .unexpected = {"events/a: fail event.order"}}, record);
  EXPECT_THAT(record.unexpected, ElementsAre("events/a: fail event.order"));
  ASSERT_TRUE(kept.Save(record).ok());
  EXPECT_EQ(kept.Load(variant, "k").repeats, 0U) << "a red one begins anew";
  EXPECT_TRUE(LegalKept("").Save(record).ok());
}

TEST(LegalKept, TheKeyIsOfAllThatTheResultDependsOn) {
  const LegalVariant variant{.name = "v", .what = "w"};
  const std::string key = LegalKeyOf(variant, {"p"}, {"o"});
  EXPECT_EQ(LegalKeyOf({.name = "v", .what = "other words"}, {"p"}, {"o"}), key);
  EXPECT_NE(LegalKeyOf({.name = "v", .hogs = 1}, {"p"}, {"o"}), key);
  EXPECT_NE(LegalKeyOf({.name = "v", .wire_rules = {"r"}}, {"p"}, {"o"}), key);
  EXPECT_NE(LegalKeyOf(variant, {"q"}, {"o"}), key);
  EXPECT_NE(LegalKeyOf(variant, {"p"}, {}), key);
}

TEST(ProofTest, AnErrorNamesFileAndField) {
  const auto message = [](const std::string& text) {
    return std::string(ParseProof(text, "f.json").status().message());
  };
  EXPECT_THAT(message("[]"), HasSubstr("f.json: no JSON object"));
  EXPECT_THAT(message("{\"schema\": 2}"), HasSubstr("f.json.schema: is 2, expected 1"));
  EXPECT_THAT(message("{\"schema\": 1}"), HasSubstr("f.json.command"));
}

Proof FaultsOf(const std::string& command, const std::string& shim,
               std::vector<FaultRecord> faults) {
  Proof proof;
  proof.command = command;
  proof.suite_version = "1";
  proof.shim = shim;
  proof.faults = std::move(faults);
  return proof;
}

TEST(ProofSumTest, TheMatrixReplacesRunsOfAFaultsOwnChecks) {
  FaultRecord seen_by_all = KilledFault();
  seen_by_all.cells.push_back({.check = "events/b", .kind = CellKind::kOtherwise});
  const absl::StatusOr<ProofSum> sum = ProofSum::Of(
      {FaultsOf("matrix", "ours", {seen_by_all}), FaultsOf("faults", "ours", {KilledFault()}),
       FaultsOf("faults", "theirs", {KilledFault()})});
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_THAT(sum->main().faults, ElementsAre(seen_by_all));
  EXPECT_THAT(sum->others(), SizeIs(1));
  EXPECT_EQ(sum->matrix(), 1U);
  EXPECT_TRUE(sum->good());
  EXPECT_EQ(sum->CountFaults(FaultStanding::kKilled), 1U);
  EXPECT_THAT(sum->Twins(), ElementsAre(ElementsAre("events/a", "events/b")));
  EXPECT_THAT(sum->MinimalPairs(), IsEmpty());
  EXPECT_THAT(sum->KillsByCheck(true), SizeIs(1));
  EXPECT_THAT(sum->UnprovenRequirements(SomeChecks()), ElementsAre("EVT-21", "EXEC-01"));
}

TEST(ProofSumTest, NothingAndDifferentSuitesAreRefused) {
  EXPECT_FALSE(ProofSum::Of({}).ok());
  Proof other = FaultsOf("faults", "ours", {});
  other.suite_version = "2";
  EXPECT_THAT(std::string(ProofSum::Of({FaultsOf("faults", "ours", {}), other}).status().message()),
              HasSubstr("different suites: 1 and 2"));
}

TEST(ProofSumTest, AnythingRedIsNoProof) {
  FaultRecord survivor = KilledFault();
  survivor.cells.front().kind = CellKind::kSurvived;
  EXPECT_FALSE(ProofSum::Of({FaultsOf("faults", "ours", {survivor})})->good());
  Proof null = FaultsOf("null", "", {});
  null.nulls = {{.name = "true", .passed = {"events/a"}}};
  EXPECT_FALSE(ProofSum::Of({null})->good());
  Proof legal = FaultsOf("legal", "ours", {});
  legal.legal = {{.name = "umask", .unexpected = {"events/a: fail event.order"}}};
  EXPECT_FALSE(ProofSum::Of({legal})->good());
  legal.legal = {{.name = "umask", .skipped = "no such thing here"}};
  EXPECT_TRUE(ProofSum::Of({legal})->good());
  Proof more = legal;
  more.legal = {{.name = "umask", .repeats = 1, .unexpected = {"events/a: fail event.order"}}};
  EXPECT_FALSE(ProofSum::Of({legal, more})->good());
  EXPECT_FALSE(ProofSum::Of({more, legal})->good()) << "an alarm is not drowned by repeats";
  legal.complete = false;
  EXPECT_FALSE(ProofSum::Of({legal})->good());
}

TEST(ProofPageTest, TellsWhatWasFound) {
  FaultRecord survivor = KilledFault();
  survivor.name = "keeps|a";
  survivor.cells.front().kind = CellKind::kSurvived;
  survivor.cells.front().detail = "green";
  FaultRecord harmless = KilledFault();
  harmless.name = "harmless";
  harmless.equivalent = "nobody sees it";
  harmless.cells.clear();
  Proof legal = FaultsOf("legal", "ours", {});
  legal.repeat = 20;
  legal.legal = {{.name = "umask", .what = "another umask", .repeats = 20, .passed = 7},
                 {.name = "busy", .repeats = 20},
                 {.name = "crun", .skipped = "not installed"}};
  Proof soak = FaultsOf("legal", "ours", {});
  soak.legal = {{.name = "busy", .repeats = 1000}};
  Proof null = FaultsOf("null", "", {});
  null.nulls = {{.name = "true", .what = "nothing", .exit_code = 1, .judged = 5, .ms = 3000}};
  const absl::StatusOr<ProofSum> sum =
      ProofSum::Of({FaultsOf("faults", "ours", {KilledFault(), survivor, harmless}),
                    FaultsOf("faults", "theirs", {KilledFault()}), legal, soak, null});
  ASSERT_TRUE(sum.ok()) << sum.status();
  const std::string page = ProofPage(*sum, SomeChecks());
  for (const char* text :
       {"| known faults that are caught | 1 of 2 |",
        "| legal variants without an alarm | 2 of 2; the whole suite 1020 times, each variant at "
        "least 20 |",
        "| 0 on 1 programs; longest run 3 s |", "* wire `keeps|a` survived: events/a: green\n",
        "| wire | 3 | 1 | 1 | 0 | 1 |", "* wire `harmless` (loses a): nobody sees it\n",
        "1 of 1 faults (100.0 %)", "| `crun` |  | skipped: not installed |", "| wire `keeps\\|a` |",
        "1 of 3 checks catch a fault", "2 do not: `events/b`, `exec/c`"}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
  EXPECT_THAT(ProofFigures(*sum), HasSubstr("**1 of 2** known shim faults"));
  EXPECT_THAT(ProofFigures(*sum), HasSubstr("**0** alarms on 2 legal variants and 1020 repeats"));
}

TEST(ProofPageTest, RepeatsAtOtherRevisionsAreToldApart) {
  Proof legal = FaultsOf("legal", "ours", {});
  legal.legal = {{.name = "busy", .repeats = 20}};
  Proof before = FaultsOf("legal", "ours", {});
  before.revision = "abc1234";
  before.started = "2026-01-02T03:04:05Z";
  before.legal = {{.name = "umask", .repeats = 3},
                  {.name = "busy", .repeats = 300, .unexpected = {"events/a: fail event.order"}}};
  Proof same = before;  // committed since, but not changed
  same.legal = {{.name = "busy", .key = "k", .repeats = 25}};
  legal.legal.front().key = "k";
  Proof oldest = before;
  oldest.revision = "0123456";
  oldest.started = "2025-01-02T03:04:05Z";
  oldest.legal = {{.name = "busy", .repeats = 7}};
  const absl::StatusOr<ProofSum> sum =
      ProofSum::Of({FaultsOf("faults", "ours", {KilledFault()}), legal}, {before, same, oldest});
  ASSERT_TRUE(sum.ok()) << sum.status();
  const std::string page = ProofPage(*sum, SomeChecks());
  EXPECT_THAT(page, HasSubstr("| legal variants without an alarm | 1 of 1; the whole suite 25 "));
  EXPECT_THAT(page, HasSubstr("| `0123456` | 2025-01-02T03:04:05Z | 1 | 7 | `busy` 7 | nothing | "
                              "0 ms |\n| `abc1234` | 2026-01-02T03:04:05Z | 2 | 303 | `busy` 300 | "
                              "`busy: events/a: fail event.order` | 0 ms |\n"));
  EXPECT_THAT(ProofFigures(*sum), HasSubstr("Earlier revisions: **1** alarm in 310 repeats.\n"));
  EXPECT_TRUE(sum->good()) << "what was red then is not what there is now";
}

TEST(ProofPageTest, RepeatsThatWereKeptAreCountedOnce) {
  std::vector<Proof> earlier(4, FaultsOf("legal", "ours", {}));
  earlier[0].legal = {{.name = "busy", .key = "k", .repeats = 31}};
  earlier[1].legal = {{.name = "busy", .key = "k", .repeats = 120}};
  earlier[2].legal = {{.name = "busy", .key = "k", .repeats = 120}};
  earlier[3].legal = {{.name = "busy", .key = "k", .repeats = 2, .unexpected = {"a: fail b"}}};
  Proof legal = FaultsOf("legal", "ours", {});
  legal.legal = {{.name = "umask", .repeats = 1}};
  const absl::StatusOr<ProofSum> sum = ProofSum::Of({legal}, earlier);
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_THAT(ProofFigures(*sum), HasSubstr("Earlier revisions: **1** alarm in 122 repeats.\n"));
}

TEST(ProofPageTest, NoMatrixSaysSo) {
  const absl::StatusOr<ProofSum> sum = ProofSum::Of({FaultsOf("faults", "ours", {KilledFault()})});
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_THAT(ProofPage(*sum, SomeChecks()), HasSubstr("No fault was given to every check"));
}

TEST(ProofPageTest, OneAlarmIsNoPlural) {
  Proof legal = FaultsOf("legal", "ours", {});
  legal.legal = {{.name = "umask", .repeats = 3, .unexpected = {"events/a: flaky event.order"}}};
  const absl::StatusOr<ProofSum> sum = ProofSum::Of({legal});
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_THAT(ProofFigures(*sum), HasSubstr("**1** alarm on 1 legal variant and 3 repeats"));
}

TEST(ProofPageTest, AMatrixOfSomeFaultsSaysSo) {
  FaultRecord other = KilledFault();
  other.name = "another";
  Proof matrix = FaultsOf("matrix", "ours", {KilledFault()});
  matrix.not_begun = 1;
  const absl::StatusOr<ProofSum> sum =
      ProofSum::Of({FaultsOf("faults", "ours", {KilledFault(), other}), matrix});
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_TRUE(sum->good());
  EXPECT_THAT(ProofPage(*sum, SomeChecks()),
              HasSubstr("1 of 2 faults were given to every check, the others to those of their"));
  Proof faults = FaultsOf("faults", "ours", {KilledFault()});
  faults.not_begun = 1;
  EXPECT_FALSE(ProofSum::Of({faults})->good());
}

TEST(ProofPageTest, WhatOtherProgramsCameToIsToldApart) {
  FaultRecord then = KilledFault();
  then.earlier = true;
  const Proof matrix = FaultsOf("matrix", "ours", {then});
  const absl::StatusOr<ProofSum> sum =
      ProofSum::Of({FaultsOf("faults", "ours", {KilledFault()}), matrix});
  ASSERT_TRUE(sum.ok()) << sum.status();
  EXPECT_THAT(ProofPage(*sum, SomeChecks()),
              HasSubstr("\n1 of them were given to every check when programs were others"));
  FaultRecord survivor = KilledFault();
  survivor.cells.front().kind = CellKind::kSurvived;
  EXPECT_FALSE(ProofSum::Of({FaultsOf("faults", "ours", {survivor}), matrix})->good())
      << "what was killed once does not hide what survives now";
}

TEST(FaultKeyTest, ChangesWithAllThatMatters) {
  const std::vector<FaultRow> rows = SomeRows();
  FaultPlan plan;
  const std::string key = KeyOf(rows[0], plan, {"a"});
  EXPECT_EQ(KeyOf(rows[0], plan, {"a"}), key);
  EXPECT_NE(KeyOf(rows[1], plan, {"a"}), key);
  EXPECT_NE(KeyOf(rows[0], plan, {"b"}), key);
  plan.checks = {"events/a"};
  EXPECT_NE(KeyOf(rows[0], plan, {"a"}), key);
}

TEST(RacesTest, TheBoundIsThatOfClopperAndPearson) {
  EXPECT_EQ(KillProbabilityBound(0, 20), 0);
  EXPECT_NEAR(KillProbabilityBound(20, 20), 0.8609, 0.0001);
  EXPECT_NEAR(KillProbabilityBound(5, 10), 0.2224, 0.0001);
  EXPECT_NEAR(KillProbabilityBound(1, 1), 0.05, 0.0001);
  EXPECT_NEAR(KillProbabilityBound(95, 100), 0.8977, 0.0005);
}

TEST(LegalVariantsTest, AreManyAndTellWhatTheyAre) {
  EXPECT_GE(LegalVariants().size(), 20U);
  std::set<std::string> names;
  for (const LegalVariant& variant : LegalVariants()) {
    EXPECT_TRUE(names.emplace(variant.name).second) << variant.name;
    EXPECT_FALSE(variant.what.empty()) << variant.name;
    EXPECT_EQ(variant.kernel_file.empty(), variant.kernel_value.empty()) << variant.name;
  }
}

TEST(SelectNamesTest, ByNameGlobAndExclusion) {
  const std::vector<std::string> names = {"true", "false", "cat"};
  EXPECT_THAT(*SelectNames(names, {}), ElementsAre(true, true, true));
  EXPECT_THAT(*SelectNames(names, {"cat", "t*"}), ElementsAre(true, false, true));
  EXPECT_THAT(*SelectNames(names, {"!*a*"}), ElementsAre(true, false, false));
  EXPECT_THAT(std::string(SelectNames(names, {"fals"}).status().message()),
              HasSubstr("did you mean false"));
  EXPECT_FALSE(SelectNames(names, {"!*"}).ok());
}

}  // namespace
}  // namespace conformance
