// SPDX-License-Identifier: Apache-2.0
// `shimgauge bench` as a process: what follows a measurement, on results that a test made up.
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "benchmarks/record.h"
#include "benchmarks/result_json.h"

namespace conformance {
namespace {

using base::testing::ReadFile;
using base::testing::RunResult;
using base::testing::WriteFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class BenchCommandsTest : public base::testing::ProcessTest {
 protected:
  RunResult Bench(std::vector<std::string> words) {
    words.insert(words.begin(), "bench");
    const absl::StatusOr<RunResult> result = base::testing::RunToExit(SHIMGAUGE, words);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : RunResult();
  }

  // A result with 8 blocks around `boot` milliseconds; its path.
  std::string Measured(const std::string& name, double boot,
                       const std::string& kernel = "6.18.1") const {
    benchmarks::BenchResult result;
    result.host = {.cpu_model = "Example 9000", .cpus = 2, .kernel = kernel};
    result.configuration = {.engine = "fake", .guest = "pause", .rounds = 8};
    benchmarks::Side side{.name = "mine", .path = "/shim", .sha256 = "abc", .version = "1"};
    for (int i = 0; i < 8; ++i) {
      side.blocks["boot"].push_back({.samples = {boot * (1 + 0.001 * i)}});
      side.blocks["forks"].push_back({.samples = {5}});
    }
    result.sides.push_back(std::move(side));
    const std::string path = temp_.File(name);
    EXPECT_TRUE(benchmarks::WriteResultFile(path, result).ok());
    return path;
  }

  // The same of a shim that cannot do what `metric` is about.
  std::string Failing(const std::string& name, double boot, const std::string& metric,
                      const std::string& why) const {
    const std::string path = Measured(name, boot);
    absl::StatusOr<benchmarks::BenchResult> result = benchmarks::ReadResultFile(path);
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return "";
    benchmarks::Side& side = result->sides.front();
    side.blocks.erase(metric);
    side.gaps[metric] = why;
    EXPECT_TRUE(benchmarks::WriteResultFile(path, *result).ok());
    return path;
  }

  // A history of `count` such runs at about `boot` milliseconds.
  void Remember(int count, double boot) {
    for (int i = 0; i < count; ++i) {
      const std::string result = Measured("past.json", boot * (1 + 0.005 * (i % 3)));
      const RunResult added = Bench({"history", "add", result, "--file", history_, "--commit",
                                     absl::StrCat("c", ++commits_)});
      ASSERT_EQ(added.status.code, 0) << added.err;
      ASSERT_EQ(added.out, absl::StrCat("1 record added to ", history_, " for c", commits_, "\n"));
    }
  }

  RunResult Gate(const std::vector<std::string>& measured,
                 const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"gate", "--baseline", history_};
    for (const std::string& result : measured) words.insert(words.end(), {"--measured", result});
    words.insert(words.end(), more.begin(), more.end());
    return Bench(std::move(words));
  }

  const std::string history_ = temp_.File("history.jsonl");
  int commits_ = 0;
};

TEST_F(BenchCommandsTest, AHistoryTellsWhereTheLevelChanged) {
  Remember(8, 10);
  Remember(8, 12);
  const RunResult shown = Bench({"history", "show", "--file", history_, "--metric", "boot"});
  EXPECT_EQ(shown.status.code, 0) << shown.err;
  EXPECT_THAT(shown.out, StartsWith("mine on 2cpu-6.18.1-"));
  EXPECT_THAT(shown.out, ::testing::ContainsRegex("boot +16 [^\n]+ \\+[0-9.]+ % at c9\n"));
}

TEST_F(BenchCommandsTest, AHistoryThatIsNoneIsNamedWithItsLine) {
  EXPECT_EQ(Bench({"history", "show", "--file", history_}).status.code, 2);
  WriteFile(history_, "{\"schema\":1}\n");
  const RunResult shown = Bench({"history", "show", "--file", history_});
  EXPECT_EQ(shown.status.code, 2);
  EXPECT_EQ(shown.err, absl::StrCat("shimgauge: ", history_, ": line 1: time: is missing\n"));
  const RunResult side =
      Bench({"history", "add", Measured("now.json", 1), "--side", "yours", "--file", history_});
  EXPECT_EQ(side.status.code, 2);
  EXPECT_THAT(side.err, HasSubstr("--side yours: "));
  EXPECT_THAT(side.err, HasSubstr("has no such side, but mine"));
}

TEST_F(BenchCommandsTest, TheGateFailsOnAConfirmedRegressionOnly) {
  Remember(8, 10);
  const std::string slow = Measured("slow.json", 11.5);
  const std::string usual = Measured("usual.json", 10);
  const RunResult regressed = Gate({slow, slow});
  EXPECT_EQ(regressed.status.code, 6) << regressed.err;
  EXPECT_THAT(regressed.out, AllOf(HasSubstr("REGRESSED"), HasSubstr("Regressed: boot\n")));
  const RunResult refuted = Gate({slow, usual}, {"--strict"});
  EXPECT_EQ(refuted.status.code, 7) << refuted.err;
  EXPECT_THAT(refuted.out, HasSubstr("undecided: a second batch found"));
  EXPECT_EQ(Gate({slow}).status.code, 0);
  const RunResult equal = Gate({usual}, {"--strict"});
  EXPECT_EQ(equal.status.code, 0) << equal.out;
  EXPECT_THAT(equal.out, HasSubstr("No regression.\n"));
}

TEST_F(BenchCommandsTest, TheGateKeepsWhatHasNotRegressed) {
  const std::string usual = Measured("usual.json", 10);
  EXPECT_EQ(Gate({usual}).status.code, 2);
  for (int i = 0; i < 6; ++i) {
    const RunResult kept = Gate({usual}, {"--update"});
    EXPECT_EQ(kept.status.code, 0) << kept.err;
    EXPECT_THAT(kept.out, HasSubstr("Added to "));
  }
  EXPECT_EQ(benchmarks::ReadHistory(history_)->size(), 6U);
  const std::string slow = Measured("slow.json", 11.5);
  EXPECT_EQ(Gate({slow, slow}, {"--update"}).status.code, 6);
  EXPECT_EQ(benchmarks::ReadHistory(history_)->size(), 6U);
}

TEST_F(BenchCommandsTest, TheGateFailsWhereTheShimDoesAndTheBaselineDoesNot) {
  Remember(8, 10);
  const std::string broken = Failing("broken.json", 10, "boot", "start: exit 1");
  const RunResult failed = Gate({broken}, {"--update"});
  EXPECT_EQ(failed.status.code, 4) << failed.out;
  EXPECT_THAT(failed.out,
              HasSubstr("The shim fails where the baseline does not: boot (start: exit 1)\n"));
  EXPECT_THAT(failed.out, Not(HasSubstr("No regression")));
  const std::string slow = Measured("slow.json", 11.5);
  const RunResult later = Gate({slow, broken}, {"--update"});
  EXPECT_EQ(later.status.code, 4) << later.out;
  EXPECT_THAT(later.out, HasSubstr("baseline does not: boot (start: exit 1)\n"));
  EXPECT_EQ(benchmarks::ReadHistory(history_)->size(), 8U);
}

TEST_F(BenchCommandsTest, TheGateOnlyTellsWhatTheBaselineLacksToo) {
  Remember(8, 10);
  const RunResult told = Gate({Failing("told.json", 10, "shutdown", "no reply")}, {"--update"});
  EXPECT_EQ(told.status.code, 0) << told.out;
  EXPECT_THAT(told.out, AllOf(HasSubstr("Not measured of mine:\n  shutdown: no reply\n"),
                              HasSubstr("No regression.\n")));
  EXPECT_EQ(benchmarks::ReadHistory(history_)->size(), 9U);
}

TEST_F(BenchCommandsTest, TheGateRefusesOtherHosts) {
  Remember(8, 10);
  const std::string other = Measured("other.json", 10, "7.0.0");
  const RunResult refused = Gate({other});
  EXPECT_EQ(refused.status.code, 3);
  EXPECT_THAT(refused.out, IsEmpty());
  EXPECT_THAT(refused.err, HasSubstr("the baseline is of another host: it has 2cpu-6.18.1-"));
  EXPECT_EQ(Gate({other}, {"--any-host"}).status.code, 0);
}

TEST_F(BenchCommandsTest, TheGateWantsOneThingToJudge) {
  Remember(1, 10);
  EXPECT_EQ(Gate({}).status.code, 2);
  EXPECT_THAT(Gate({}).err, HasSubstr("expected SHIM or --measured"));
  const std::string usual = Measured("usual.json", 10);
  std::string text = ReadFile(usual);
  WriteFile(usual, absl::StrReplaceAll(text, {{"\"complete\":true", "\"complete\":false"}}));
  EXPECT_THAT(Gate({usual}).err, HasSubstr("expected a whole result, but that run was interrupt"));
}

TEST_F(BenchCommandsTest, ExportsToAFileWithTheHistoryOfThatShim) {
  Remember(8, 10);
  Remember(8, 12);
  const std::string page = temp_.File("page.html");
  const RunResult done =
      Bench({"export", Measured("now.json", 12), "--history", history_, "--output", page});
  EXPECT_EQ(done.status.code, 0) << done.err;
  EXPECT_THAT(ReadFile(page), AllOf(StartsWith("<!DOCTYPE html>"), HasSubstr("16 runs")));
  const RunResult csv = Bench({"export", Measured("now.json", 12), "--format", "csv"});
  EXPECT_THAT(csv.out, HasSubstr("boot,time,ms,mine,0,false,0,12\r\n"));
  const RunResult wrong = Bench({"export", Measured("now.json", 12), "--format", "xml"});
  EXPECT_EQ(wrong.status.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("google-benchmark"));
}

}  // namespace
}  // namespace conformance
