// SPDX-License-Identifier: Apache-2.0
// diff and merge: what they make of results that differ in one thing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "base/testing/temp_dir.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/diff_command.h"
#include "conformance/harness/merge_command.h"
#include "conformance/reports/json_records.h"
#include "conformance/reports/jsonl.h"
#include "conformance/reports/sample_run.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;
using Change = std::function<void(Json&)>;

Json Sample() {
  base::testing::TempDir temp;
  const SampleRun run;
  const std::unique_ptr<Report> report = MakeJsonReport(*Output::Open(temp.File("json")));
  run.Tell(*report);
  return Json::parse(base::testing::ReadFile(temp.File("json")));
}

ResultFile Read(const Json& document, const std::string& name) {
  absl::StatusOr<ResultFile> file = ResultFile::Parse(document.dump(), name);
  EXPECT_TRUE(file.ok()) << file.status();
  return *std::move(file);
}

// The sample's checks with these indexes as the shard `index` of 2.
Json Part(int index, const std::vector<std::size_t>& checks) {
  const Json sample = Sample();
  Json part = sample;
  part["shard"] = {{"index", index}, {"of", 2}};
  part["checks"] = Json::array();
  for (const std::size_t i : checks) part["checks"].push_back(sample["checks"][i]);
  return part;
}

class MergeTest : public ::testing::Test {
 protected:
  absl::StatusOr<MergedRun> Merge(const Change& change_second = [](Json&) {}) {
    Json second = Part(2, {1, 3, 5, 7});
    change_second(second);
    std::vector<ResultFile> parts;
    parts.push_back(Read(Part(1, {0, 2, 4, 6, 8}), "one"));
    parts.push_back(Read(second, "two"));
    std::vector<Check> known;
    const Json sample = Sample();
    for (const Json& check : sample["checks"]) {
      known.push_back({.id = check["id"].get<std::string>()});
    }
    return MergedRun::Merge(std::move(parts), known);
  }
  std::string Mistake(const Change& change_second) {
    const absl::StatusOr<MergedRun> merged = Merge(change_second);
    EXPECT_FALSE(merged.ok());
    return std::string(merged.status().message());
  }
};

TEST_F(MergeTest, TheShardsMakeTheWhole) {
  const absl::StatusOr<MergedRun> merged = Merge();
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(JsonText(ResultRecord(merged->finished()), 1), JsonText(Sample(), 1));
}

TEST_F(MergeTest, BrokenClaimsMakeTheWholeRedAndAreToldOnce) {
  // A shard whose check passes, so that only its claims speak against it.
  const auto shard = [](int index, std::size_t check, const std::vector<std::string>& claims) {
    Json part = Part(index, {check});
    part["summary"]["interrupted"] = false;
    part["summary"]["stale_expectations"] = Json::array();
    part["summary"]["broken_claims"] = claims;
    return part;
  };
  const auto merge = [&shard](const std::vector<std::string>& first,
                              const std::vector<std::string>& second) {
    std::vector<ResultFile> parts;
    parts.push_back(Read(shard(1, 0, first), "one"));
    parts.push_back(Read(shard(2, 4, second), "two"));
    return MergedRun::Merge(std::move(parts), {});
  };
  const absl::StatusOr<MergedRun> green = merge({}, {});
  ASSERT_TRUE(green.ok()) << green.status();
  EXPECT_EQ(ExitCodeOf(green->finished().summary), kExitAsExpected);
  const absl::StatusOr<MergedRun> red = merge({"claims b", "claims a"}, {"claims a", "claims c"});
  ASSERT_TRUE(red.ok()) << red.status();
  EXPECT_THAT(red->finished().summary.broken_claims,
              ElementsAre("claims b", "claims a", "claims c"));
  EXPECT_EQ(ExitCodeOf(red->finished().summary), kExitUnexpected);
}

TEST_F(MergeTest, WhatIsNotOneRunIsNamed) {
  EXPECT_EQ(Mistake([](Json& json) { json["seed"] = "1"; }),
            "two is of another run than one: seed 1, there 5eed");
  EXPECT_THAT(Mistake([](Json& json) { json["shim"]["sha256"] = "00"; }), HasSubstr("shim 00"));
  EXPECT_THAT(Mistake([](Json& json) { json["suite"]["version"] = "9"; }), HasSubstr("suite 9"));
  EXPECT_THAT(Mistake([](Json& json) { json["profile"]["name"] = "p.toml"; }),
              HasSubstr("profile p.toml"));
  EXPECT_THAT(Mistake([](Json& json) { json["selection"]["digest"] = "00"; }),
              HasSubstr("two is a shard of another selection than one"));
  EXPECT_THAT(Mistake([](Json& json) { json["shard"]["of"] = 3; }),
              HasSubstr("number of shards 3, there 2"));
}

TEST_F(MergeTest, OverlapsAndGapsAreNamed) {
  EXPECT_EQ(Mistake([](Json& json) { json["shard"]["index"] = 1; }),
            "two and one are the same shard, 1 of 2");
  EXPECT_EQ(Mistake([](Json& json) { json["checks"][0] = Part(1, {0})["checks"][0]; }),
            "bootstrap/version is in one and in two");
  std::vector<ResultFile> parts;
  parts.push_back(Read(Part(2, {0}), "two"));
  EXPECT_EQ(MergedRun::Merge(std::move(parts), {}).status().message(), "of 2 shards 1 is missing");
}

class DiffTest : public ::testing::Test {
 protected:
  std::vector<Difference::Kind> Kinds(const Change& change) {
    std::vector<Difference::Kind> kinds;
    const Json before = Sample();
    Json after = before;
    change(after);
    const ResultFile old_file = Read(before, "old");
    const ResultFile new_file = Read(after, "new");
    for (const Difference& difference : Compare(old_file, new_file)) {
      kinds.push_back(difference.kind);
    }
    return kinds;
  }
};

TEST_F(DiffTest, TheSameIsNoDifference) {
  EXPECT_THAT(Kinds([](Json&) {}), ElementsAre());
  const ResultFile file = Read(Sample(), "a");
  EXPECT_THAT(DiffText(file, file), HasSubstr("no difference in 9 checks"));
}

TEST_F(DiffTest, WhatCountsIsHowACheckEndsNotWhatWasExpected) {
  using Kind = Difference::Kind;
  // bootstrap/version passes in the sample, events/exit-after-start fails, stdio/eof is flaky.
  const auto actual = [](std::size_t check, const char* verdict) {
    return [check, verdict](Json& json) { json["checks"][check]["actual"] = verdict; };
  };
  EXPECT_THAT(Kinds(actual(0, "fail")), ElementsAre(Kind::kWorse));
  EXPECT_THAT(Kinds(actual(0, "flaky")), ElementsAre(Kind::kWorse));
  EXPECT_THAT(Kinds(actual(0, "notrun")), ElementsAre(Kind::kWorse));
  EXPECT_THAT(Kinds(actual(0, "xpass")), ElementsAre());
  EXPECT_THAT(Kinds(actual(2, "pass")), ElementsAre(Kind::kBetter));
  EXPECT_THAT(Kinds([](Json& json) {
                json["checks"][2]["actual"] = "xfail";
                json["checks"][2]["expected"] = "fail";
              }),
              ElementsAre());
  EXPECT_THAT(Kinds(actual(2, "hang")), ElementsAre(Kind::kChanged));
  EXPECT_THAT(Kinds(actual(2, "notrun")), ElementsAre(Kind::kChanged));
  EXPECT_THAT(Kinds(actual(5, "hang")), ElementsAre(Kind::kWorse));
  EXPECT_THAT(Kinds([](Json& json) { json["checks"][2]["whys"][0]["code"] = "event.missing"; }),
              ElementsAre(Kind::kChanged));
  EXPECT_THAT(Kinds([](Json& json) { json["checks"][0]["id"] = "bootstrap/other"; }),
              ElementsAre(Kind::kNew, Kind::kRemoved));
}

TEST_F(DiffTest, BothSidesAreShownNextToEachOther) {
  const Json before = Sample();
  Json after = before;
  after["checks"][0]["actual"] = "fail";
  after["checks"][0]["whys"] = {{{"code", "reply.code"},
                                 {"text", "a sentence that is longer than the column has room for"},
                                 {"expected", "OK"},
                                 {"observed", "INTERNAL"}}};
  after["checks"][2]["whys"][0]["code"] = "event.missing";
  after["checks"].erase(4);
  after["checks"][3]["id"] = "events/twice";
  after["shim"]["sha256"] = "0badc0de";
  ExpectGolden(DiffText(Read(before, "main.json"), Read(after, "now.json")), "diff.txt");
}

}  // namespace
}  // namespace conformance
