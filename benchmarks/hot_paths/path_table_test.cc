// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/hot_paths/path_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace benchmarks {
namespace {

using ::testing::HasSubstr;

TEST(PathTableTest, RowsAreComparedWithOursWhichComesFirst) {
  PathTable table;
  EXPECT_TRUE(table.empty());
  for (const double drift : {1.0, 2.0, 4.0}) {  // the machine's, which hits both sides
    table.Add("decode/floor: memcpy", {.seconds = drift * 1e-8});
    table.Add("decode/ours", {.seconds = drift * 3e-8});
  }
  EXPECT_EQ(table.Markdown(1),
            "| path | row | median | p10 | p90 | time of ours / row |\n"
            "|---|---|---|---|---|---|\n"
            "| decode | ours | 60.0 ns | 36.0 ns | 108.0 ns | – |\n"
            "| decode | floor: memcpy | 20.0 ns | 12.0 ns | 36.0 ns | 3.00 [3.00, 3.00] |\n");
}

TEST(PathTableTest, SpeaksOfWhatAnIterationIsAbout) {
  PathTable table;
  table.Add("relay/ours", {.seconds = 0.5, .bytes = 1e9});
  table.Add("reaper/ours", {.seconds = 0.25, .items = 1000});
  table.Add("spawn", {.seconds = 2.5e-4});
  table.Add("start", {.seconds = 2.5e-2});
  const std::string text = table.Markdown(1);
  EXPECT_THAT(text, HasSubstr("| relay | ours | 2000 MB/s |"));
  EXPECT_THAT(text, HasSubstr("| reaper | ours | 4000 /s |"));
  EXPECT_THAT(text, HasSubstr("| spawn | ours | 250.00 µs |"));
  EXPECT_THAT(text, HasSubstr("| start | ours | 25.000 ms |"));
}

TEST(PathTableTest, ARowWithoutOursIsNotCompared) {
  PathTable table;
  table.Add("spawn/vfork", {.seconds = 1e-3});
  EXPECT_THAT(table.Markdown(1),
              HasSubstr("| spawn | vfork | 1.000 ms | 1.000 ms | 1.000 ms | – |"));
}

}  // namespace
}  // namespace benchmarks
