// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace benchmarks {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

BenchResult Measured() {
  BenchResult result{.seed = 3};
  result.host = {.cpu_model = "Example 9000", .cpus = 2, .kernel = "6.18.1"};
  result.configuration = {.engine = "fake", .guest = "pause", .rounds = 3};
  for (const char* name : {"old", "a \"new\", one <x>"}) {
    Side side{.name = name, .path = "/bin/shim", .sha256 = "abc", .version = "1.2"};
    const double more = result.sides.empty() ? 1 : 2;
    side.blocks["boot"] = {{.samples = {more, more}},
                           {.samples = {1.5 * more}, .disturbed = true},
                           {.samples = {1.25 * more}}};
    side.blocks["pss-idle"] = {{.samples = {240}}};
    side.blocks["tasks-8"] = {{.samples = {900}}};
    result.sides.push_back(side);
  }
  return result;
}

std::vector<Record> Runs() {
  std::vector<Record> runs;
  for (int i = 0; i < 16; ++i) {
    Record record{.time = "2026-11-22T10:00:00Z", .commit = "c" + std::to_string(i)};
    const double value = i < 8 ? 100 : 120;
    record.figures["boot"] = {value, value - 1, value + 1};
    runs.push_back(record);
  }
  return runs;
}

std::string Export(const char* format, const std::vector<Record>& history = {}) {
  return FindExportFormat(format)->write(Measured(), history);
}

// Whether every element that begins ends, in order.
bool WellFormed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t at = 0; (at = xml.find('<', at)) != std::string::npos;) {
    const std::size_t end = xml.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = xml.substr(at + 1, end - at - 1);
    at = end + 1;
    const std::string name = tag.substr(0, tag.find_first_of(" \n"));
    if (tag[0] == '!' || tag.back() == '/' || name == "meta") continue;
    if (tag[0] != '/') {
      open.push_back(name);
    } else if (open.empty() || open.back() != tag.substr(1)) {
      return false;
    } else {
      open.pop_back();
    }
  }
  return open.empty();
}

TEST(ExportTest, AnUnknownFormatIsNone) { EXPECT_EQ(FindExportFormat("xml"), nullptr); }

TEST(ExportTest, GoogleBenchmarkHasARepetitionPerCalmBlock) {
  const Json json = Json::parse(Export("google-benchmark"));
  EXPECT_EQ(json["context"]["num_cpus"], 2);
  const Json& first = json["benchmarks"][0];
  EXPECT_EQ(first["name"], "boot/old");
  EXPECT_EQ(first["repetitions"], 2);
  EXPECT_EQ(first["real_time"], 1.0);
  EXPECT_EQ(first["time_unit"], "ms");
  EXPECT_EQ(json["benchmarks"][1]["repetition_index"], 1);
  EXPECT_EQ(json["benchmarks"].size(), 8U);
  for (const Json& entry : json["benchmarks"]) {
    if (entry["run_name"] == "pss-idle/old") {
      EXPECT_EQ(entry["pss-idle"], 240);
    }
  }
}

TEST(ExportTest, ActionsGetTheListTheyUnderstand) {
  const Json smaller = Json::parse(Export("action-smaller"));
  ASSERT_EQ(smaller.size(), 4U);
  EXPECT_EQ(smaller[0]["name"], "boot (old)");
  EXPECT_EQ(smaller[0]["unit"], "ms");
  EXPECT_EQ(smaller[0]["value"], 1.125);
  EXPECT_EQ(smaller[0]["range"], "1 to 1.25");
  const Json bigger = Json::parse(Export("action-bigger"));
  ASSERT_EQ(bigger.size(), 2U);
  EXPECT_EQ(bigger[0]["value"], 900);
}

TEST(ExportTest, OpenMetricsIsInBaseUnits) {
  const std::string text = Export("openmetrics");
  EXPECT_THAT(text, StartsWith("# TYPE shimgauge_boot_seconds gauge\n"
                               "# UNIT shimgauge_boot_seconds seconds\n"
                               "# HELP shimgauge_boot_seconds exec of"));
  EXPECT_THAT(text, HasSubstr("shimgauge_boot_seconds{shim=\"old\",sha256=\"abc\",host=\"2cpu"));
  EXPECT_THAT(text, HasSubstr("stat=\"median\"} 0.001125\n"));
  EXPECT_THAT(text, HasSubstr("{shim=\"a \\\"new\\\", one <x>\""));
  EXPECT_THAT(text, HasSubstr("stat=\"low\"} 245760\n"));
  EXPECT_THAT(text, ::testing::EndsWith("# EOF\n"));
}

TEST(ExportTest, CsvHasEverySample) {
  const std::string text = Export("csv");
  EXPECT_THAT(text, StartsWith("metric,kind,unit,shim,block,disturbed,sample,value\r\n"
                               "boot,time,ms,old,0,false,0,1\r\n"
                               "boot,time,ms,old,0,false,1,1\r\n"
                               "boot,time,ms,old,1,true,0,1.5\r\n"));
  EXPECT_THAT(text, HasSubstr(",\"a \"\"new\"\", one <x>\",0,false,0,2\r\n"));
}

TEST(ExportTest, ThePictureShowsEverySampleAndNeedsNothingElse) {
  const std::string svg = Export("svg");
  EXPECT_TRUE(WellFormed(svg));
  std::size_t dots = 0;
  for (std::size_t at = 0; (at = svg.find("<circle", at)) != std::string::npos; ++at) ++dots;
  EXPECT_EQ(dots, 12U);
  EXPECT_THAT(svg, HasSubstr("class=\"hollow s0\""));
  EXPECT_THAT(svg, HasSubstr("1.12 ms [1, 1.25]"));
  EXPECT_THAT(svg, HasSubstr("\u00d7 2 [2, 2] of the first"));
  EXPECT_THAT(svg, HasSubstr("&lt;x&gt;"));
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(svg, Not(HasSubstr("Over time")));
}

TEST(ExportTest, ThePageShowsTheHistoryWithItsChange) {
  const std::string page = Export("html", Runs());
  EXPECT_TRUE(WellFormed(page));
  EXPECT_THAT(page, HasSubstr("Over time"));
  EXPECT_THAT(page, HasSubstr("+20.0 % c8"));
  EXPECT_THAT(page, HasSubstr("16 runs"));
  EXPECT_THAT(page, HasSubstr("Example 9000, 2 CPUs"));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("href=")));
}

}  // namespace
}  // namespace benchmarks
