// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/result_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

namespace benchmarks {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

BenchResult Sample() {
  BenchResult result;
  result.complete = false;
  result.host = {.cpu_model = "Some CPU",
                 .cpus = 2,
                 .kernel = "6.1.0",
                 .memory_bytes = 8ull << 30,
                 .virtualised = true,
                 .cgroup_version = "v2"};
  result.configuration = {.engine = "fake", .guest = "pause", .rounds = 3, .pinned = true};
  result.driver_call_ms = 0.004;
  result.seed = 18446744073709551615ull;
  Side side{.name = "old", .path = "/bin/shim", .sha256 = "ab", .version = "1.0"};
  side.blocks["create"] = {{.samples = {1.25, 0.1}}, {.samples = {3e-7}, .disturbed = true}};
  side.series["growth"] = {.x = {0, 10}, .y = {100, 101.5}};
  side.gaps["instructions"] = "no counters";
  result.sides = {side, {.name = "new", .path = "/bin/other"}};
  return result;
}

std::string Replaced(const std::string& from, const std::string& to) {
  std::string text = ResultToJson(Sample());
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string ErrorOf(const std::string& text) {
  return std::string(ResultFromJson(text).status().message());
}

TEST(ResultJson, KeepsEverything) {
  const absl::StatusOr<BenchResult> read = ResultFromJson(ResultToJson(Sample()));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, Sample());
}

TEST(ResultJson, NamesTheKeyThatIsWrong) {
  EXPECT_THAT(ErrorOf("[1]"), HasSubstr("the text: expected an object, found array"));
  EXPECT_THAT(ErrorOf("{"), HasSubstr("is no JSON"));
  EXPECT_THAT(ErrorOf(Replaced("\"schema\":1", "\"schema\":2")),
              HasSubstr("schema: expected 1, found 2"));
  EXPECT_THAT(ErrorOf(Replaced("\"cpus\":2", "\"cpus\":-2")), HasSubstr("host.cpus: expected"));
  EXPECT_THAT(ErrorOf(Replaced("\"kernel\":\"6.1.0\",", "")), HasSubstr("host.kernel: is missing"));
  EXPECT_THAT(ErrorOf(Replaced("\"pinned\":true", "\"pinned\":1")),
              HasSubstr("configuration.pinned: expected true or false, found number"));
  EXPECT_THAT(ErrorOf(Replaced("\"seed\"", "\"sead\":1,\"seed\"")),
              AllOf(HasSubstr("sead: unknown key"), HasSubstr("seed")));
}

TEST(ResultJson, NamesThePlaceOfASample) {
  EXPECT_THAT(ErrorOf(Replaced("[1.25,0.1]", "[1.25,null]")),
              HasSubstr("sides[0].blocks.create[0].samples[1]: expected a number, found null"));
  EXPECT_THAT(ErrorOf(Replaced("[3e-07]", "[]")),
              HasSubstr("sides[0].blocks.create[1].samples: expected at least one"));
  EXPECT_THAT(ErrorOf(Replaced("\"create\":", "\"krate\":")),
              HasSubstr("sides[0].blocks.krate: no such metric"));
  EXPECT_THAT(ErrorOf(Replaced("[100.0,101.5]", "[100.0]")),
              HasSubstr("sides[0].series.growth.y: expected 2 numbers"));
}

TEST(ResultJson, FilesAreNamedInErrors) {
  const std::string path = ::testing::TempDir() + "/result-" + std::to_string(::getpid());
  ASSERT_TRUE(WriteResultFile(path, Sample()).ok());
  EXPECT_EQ(*ReadResultFile(path), Sample());
  ::unlink(path.c_str());
  EXPECT_THAT(std::string(ReadResultFile(path).status().message()), HasSubstr(path));
  EXPECT_FALSE(WriteResultFile("/nowhere/at/all", Sample()).ok());
}

TEST(Metric, NamesAreUniqueAndFound) {
  std::set<std::string> names;
  for (const Metric& metric : AllMetrics()) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    EXPECT_EQ(FindMetric(metric.name), &metric);
    EXPECT_FALSE(metric.about.empty()) << metric.name;
  }
  EXPECT_EQ(FindMetric("nothing"), nullptr);
}

TEST(HostFingerprint, TellsThisMachine) {
  const HostFingerprint host = ReadHostFingerprint();
  EXPECT_GE(host.cpus, 1);
  EXPECT_FALSE(host.kernel.empty());
  EXPECT_GT(host.memory_bytes, 0u);
  EXPECT_EQ(host, ReadHostFingerprint());
}

}  // namespace
}  // namespace benchmarks
