// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/testing/temp_dir.h"

namespace benchmarks {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Key;

BenchResult Measured() {
  BenchResult result;
  result.host = {.cpu_model = "Example 9000",
                 .cpus = 2,
                 .kernel = "6.18.1",
                 .memory_bytes = 8ULL << 30,
                 .virtualised = true,
                 .cgroup_version = "v2"};
  result.configuration = {.engine = "fake", .guest = "pause", .rounds = 3};
  Side side{.name = "new", .path = "/bin/shim", .sha256 = "abc", .version = "1.2"};
  side.blocks["boot"] = {
      {.samples = {1, 2, 9}}, {.samples = {3}}, {.samples = {70}, .disturbed = true}};
  result.sides.push_back(side);
  return result;
}

std::string Problem(absl::string_view line) {
  return std::string(RecordFromJson(line).status().message());
}

TEST(RecordTest, KeepsTheMedianOfBlocksThatWereNotDisturbed) {
  const BenchResult result = Measured();
  const Record record = MakeRecord(result, result.sides[0]);
  ASSERT_THAT(record.figures, ElementsAre(Key("boot")));
  EXPECT_EQ(record.figures.at("boot").value, 2.5);
  EXPECT_GE(record.figures.at("boot").low, 2);
  EXPECT_LE(record.figures.at("boot").high, 3);
  EXPECT_EQ(record.sha256, "abc");
}

TEST(RecordTest, WhereAllWereDisturbedAllCount) {
  EXPECT_THAT(BlockValues(*FindMetric("boot"), {{.samples = {4}, .disturbed = true}}),
              ElementsAre(4));
}

TEST(RecordTest, TakesTheQuantileOfTheMetric) {
  std::vector<double> samples(101);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<double>(i);
  EXPECT_THAT(BlockValues(*FindMetric("state-p99"), {{.samples = samples}}), ElementsAre(99));
}

TEST(RecordTest, HostsDifferByWhatDecidesAboutFigures) {
  const HostFingerprint host = Measured().host;
  HostFingerprint other = host;
  EXPECT_THAT(HostKey(host), HasSubstr("2cpu-6.18.1-"));
  other.memory_bytes -= 100 << 20;  // what another firmware took
  EXPECT_EQ(HostKey(other), HostKey(host));
  other.cpu_model = "Example 9001";
  EXPECT_NE(HostKey(other), HostKey(host));
}

TEST(RecordTest, MoreRoundsAreNoOtherConfiguration) {
  Configuration configuration = Measured().configuration;
  const std::string key = ConfigurationKey(configuration);
  configuration.rounds = 99;
  EXPECT_EQ(ConfigurationKey(configuration), key);
  configuration.pinned = true;
  EXPECT_NE(ConfigurationKey(configuration), key);
}

TEST(RecordTest, IsReadAsItWasWritten) {
  const BenchResult result = Measured();
  Record record = MakeRecord(result, result.sides[0]);
  record.commit = "0123abc";
  record.time = "2026-11-22T10:00:00Z";
  const absl::StatusOr<Record> read = RecordFromJson(RecordToJson(record));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(RecordToJson(*read), RecordToJson(record));
  EXPECT_EQ(read->commit, "0123abc");
  EXPECT_EQ(read->figures.at("boot").value, 2.5);
}

TEST(RecordTest, ABadLineIsNamedByItsKey) {
  const BenchResult result = Measured();
  const std::string good = RecordToJson(MakeRecord(result, result.sides[0]));
  const auto with = [&good](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return Problem(text);
  };
  EXPECT_EQ(Problem("{"), "is no JSON object");
  EXPECT_EQ(with("\"schema\":1", "\"schema\":2"), "schema: expected 1, found 2");
  EXPECT_EQ(with("\"commit\":\"\",", ""), "commit: is missing");
  EXPECT_EQ(with("\"commit\":\"\"", "\"commit\":7"), "commit: expected a string, found number");
  EXPECT_THAT(with("\"commit\"", "\"comit\""), HasSubstr("comit: unknown key; known are schema"));
  EXPECT_THAT(with("[2.5,", "[99.5,"), HasSubstr("figures.boot: expected low"));
  EXPECT_THAT(with("[2.5,", "[null,"), HasSubstr("figures.boot: expected [median, low, high]"));
}

TEST(RecordTest, AHistoryGrowsLineByLine) {
  const base::testing::TempDir temp;
  const std::string path = temp.File("history.jsonl");
  EXPECT_EQ(ReadHistory(path).status().code(), absl::StatusCode::kNotFound);
  const BenchResult result = Measured();
  Record record = MakeRecord(result, result.sides[0]);
  for (const char* commit : {"a", "b"}) {
    record.commit = commit;
    ASSERT_TRUE(AppendHistory(path, {record}).ok());
  }
  const auto read = ReadHistory(path);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ((*read)[1].commit, "b");
}

TEST(RecordTest, ATornHistoryIsToldOfAndLeftAlone) {
  const base::testing::TempDir temp;
  const std::string path = temp.File("history.jsonl");
  std::ofstream(path) << "\n{\"schema\":1,";
  EXPECT_EQ(ReadHistory(path).status().message(), path + ": line 2: is no JSON object");
  EXPECT_THAT(std::string(AppendHistory(path, {Record()}).message()), HasSubstr("is torn"));
}

}  // namespace
}  // namespace benchmarks
