// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/history_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace benchmarks {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::vector<Record> History() {
  std::vector<Record> history;
  for (int i = 0; i < 16; ++i) {
    Record run{.commit = "c" + std::to_string(i),
               .host = i % 2 == 0 || i > 4 ? "here" : "there",
               .configuration = "fake",
               .shim = "mine"};
    const double value = i < 9 ? 10 : 12;
    run.figures["boot"] = {value, value, value};
    run.figures["forks"] = {5, 5, 5};
    history.push_back(run);
  }
  return history;
}

TEST(HistoryTableTest, RunsOfOtherHostsAreAnotherGroup) {
  const std::vector<HistoryGroup> groups = GroupHistory(History());
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_EQ(groups[0].host, "here");
  EXPECT_THAT(groups[0].runs, SizeIs(14));
  EXPECT_THAT(groups[1].runs, SizeIs(2));
}

TEST(HistoryTableTest, TellsWhereTheLevelChanged) {
  const std::string table = HistoryTable(History(), {"boot", "forks"});
  EXPECT_THAT(table, HasSubstr("mine on here (fake)\n"));
  EXPECT_THAT(table, ::testing::ContainsRegex("boot +14  12 ms +[^\n]+ \\+20\\.0 % at c9\n"));
  EXPECT_THAT(table, ::testing::ContainsRegex("forks +14  5 +[^\n]+ no change\n"));
  EXPECT_THAT(table, HasSubstr("\u2581\u2581\u2588\u2588"));
}

TEST(HistoryTableTest, ShowsOnlyWhatIsAskedFor) {
  EXPECT_THAT(HistoryTable(History(), {"forks"}), Not(HasSubstr("boot")));
  EXPECT_THAT(HistoryTable(History(), {"create"}), IsEmpty());
}

}  // namespace
}  // namespace benchmarks
