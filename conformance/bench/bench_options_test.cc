// SPDX-License-Identifier: Apache-2.0
#include "conformance/bench/bench_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "conformance/bench/bench_command.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::string ErrorOf(const absl::Status& status) { return std::string(status.message()); }

TEST(SelectMetrics, TakesNamesGlobsAndKinds) {
  EXPECT_THAT(*SelectMetrics({"delete", "boot"}), ElementsAre("boot", "delete"));
  EXPECT_THAT(*SelectMetrics({"state-*"}), ElementsAre("state-p50", "state-p99"));
  EXPECT_THAT(*SelectMetrics({"proxy"}),
              AllOf(Contains("syscalls"), Contains("binary-size"), Not(Contains("boot"))));
  EXPECT_THAT(*SelectMetrics({}), SizeIs(benchmarks::AllMetrics().size()));
}

TEST(SelectMetrics, NamesTheNearest) {
  const absl::Status status = SelectMetrics({"syscals"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(ErrorOf(status), AllOf(HasSubstr("--metric syscals"), HasSubstr("syscalls")));
}

TEST(DescribeShim, TakesALabel) {
  const auto labelled = DescribeShim("mine=/bin/true");
  ASSERT_TRUE(labelled.ok()) << labelled.status();
  EXPECT_EQ(labelled->name, "mine");
  EXPECT_THAT(labelled->sha256, SizeIs(64));
  EXPECT_EQ(DescribeShim("/bin/true")->name, "true");
  EXPECT_THAT(ErrorOf(DescribeShim("/nowhere/a=b").status()), HasSubstr("/nowhere/a=b"));
}

TEST(MakeMeasurePlan, TellsSidesOfTheSameNameApart) {
  BenchOptions options;
  options.engine = "/bin/true";
  options.fixtures = "/bin";
  const auto plan = MakeMeasurePlan(options, {"/bin/true", "/bin/true"});
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_THAT(plan->shims, SizeIs(2));
  EXPECT_EQ(plan->shims[0].name, "true");
  EXPECT_EQ(plan->shims[1].name, "true-2");
  options.engine = "/nowhere/runc";
  EXPECT_THAT(ErrorOf(MakeMeasurePlan(options, {"/bin/true"}).status()),
              HasSubstr("/nowhere/runc"));
}

TEST(BenchCommands, AreNamedOnce) {
  std::set<std::string> names;
  for (const BenchCommand& command : BenchCommands()) {
    EXPECT_TRUE(names.insert(command.name).second) << command.name;
    EXPECT_FALSE(command.summary.empty());
  }
  EXPECT_THAT(names, AllOf(Contains("run"), Contains("compare"), Contains("metrics")));
}

}  // namespace
}  // namespace conformance
