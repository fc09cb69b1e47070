// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/plan_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/testing/temp_dir.h"
#include "conformance/reports/jsonl.h"
#include "conformance/reports/sample_run.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<Check> Checks() { return {{.id = "events/once"}, {.id = "stdio/eof"}}; }

std::string Mistake(const std::string& text) {
  return std::string(ParsePlan(text, "plan", Checks()).status().message());
}

TEST(PlanFileTest, OneIdALine) {
  EXPECT_THAT(*ParsePlan("# mine\n\n  stdio/eof  # why\nevents/once\r\n", "plan", Checks()),
              ElementsAre("events/once", "stdio/eof"));
}

TEST(PlanFileTest, MistakesNameFileAndLine) {
  EXPECT_EQ(Mistake("stdio/eof\nstdio/eoff\n"),
            "plan:2: no check is called 'stdio/eoff'; did you mean stdio/eof?");
  EXPECT_EQ(Mistake("stdio/eof\n\nstdio/eof\n"), "plan:3: stdio/eof is named in line 1 already");
  EXPECT_THAT(Mistake("stdio/*\n"), HasSubstr("plan:1: no check is called 'stdio/*'"));
  EXPECT_EQ(Mistake("# nothing\n"), "plan: names no check; one id a line");
  EXPECT_THAT(std::string(ReadPlanFile("/no/plan", Checks()).status().message()),
              HasSubstr("/no/plan: No such file"));
}

TEST(PlanFileTest, ChangedIsNewRedefinedOrNotAsExpected) {
  base::testing::TempDir temp;
  const SampleRun run;
  const std::unique_ptr<Report> report = MakeJsonReport(*Output::Open(temp.File("json")));
  run.Tell(*report);
  std::vector<Check> checks = {
      {.id = "bootstrap/version", .requirements = {"VER-01"}, .level = Level::kShould},
      {.id = "events/once", .requirements = {"EVT-22"}},                          // redefined
      {.id = "events/oom", .requirements = {"EVT-29"}, .level = Level::kShould},  // as expected
      {.id = "stdio/eof", .requirements = {"IO-03"}},                             // flaky
      {.id = "stdio/new", .requirements = {"IO-03"}},
  };
  EXPECT_THAT(*ChangedSince(temp.File("json"), checks),
              ElementsAre("events/once", "stdio/eof", "stdio/new"));
  EXPECT_THAT(*FailedIn(temp.File("json")),
              ElementsAre("events/exit-after-start", "events/oom", "stdio/eof", "stdio/harness",
                          "stdio/late"));
}

}  // namespace
}  // namespace conformance
