// SPDX-License-Identifier: Apache-2.0
#include "conformance/reports/result_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "base/testing/temp_dir.h"
#include "conformance/reports/json_records.h"
#include "conformance/reports/jsonl.h"
#include "conformance/reports/sample_run.h"

namespace conformance {
namespace {

using base::testing::ReadFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::ordered_json;

class ResultFileTest : public ::testing::Test {
 protected:
  ResultFileTest() {
    const std::unique_ptr<Report> json = MakeJsonReport(*Output::Open(temp_.File("json")));
    run_.Tell(*json);
    const std::unique_ptr<Report> lines = MakeJsonLinesReport(*Output::Open(temp_.File("jsonl")));
    run_.Tell(*lines);
  }
  std::string Text() const { return ReadFile(temp_.File("json")); }
  // What is said about the document after `change`.
  std::string Mistake(const std::function<void(Json&)>& change) {
    Json document = Json::parse(Text());
    change(document);
    return std::string(ResultFile::Parse(document.dump(), "r.json").status().message());
  }

  base::testing::TempDir temp_;
  SampleRun run_;
};

TEST_F(ResultFileTest, WhatWasWrittenIsReadAndWrittenAgainTheSame) {
  const absl::StatusOr<ResultFile> file = ResultFile::Read(temp_.File("json"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(JsonText(ResultRecord(file->finished()), 1) + "\n", Text());
  EXPECT_FALSE(file->complete());
}

TEST_F(ResultFileTest, AStreamIsReadAsItsFold) {
  const absl::StatusOr<ResultFile> file = ResultFile::Read(temp_.File("jsonl"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->finished().results.size(), 9u);
  const CheckResult* const failed = file->Find("events/exit-after-start");
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->result, Result::kFail);
  EXPECT_EQ(failed->evidence()->whys[0].observed, "create, exit, start");
  EXPECT_EQ(file->Find("events/none"), nullptr);
}

TEST_F(ResultFileTest, BrokenClaimsAreKeptAndOlderFilesHaveNone) {
  Json document = Json::parse(Text());
  document["summary"]["broken_claims"] = Json::array({"claims the legacy dialect"});
  const absl::StatusOr<ResultFile> file = ResultFile::Parse(document.dump(), "r.json");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(file->finished().summary.broken_claims, ElementsAre("claims the legacy dialect"));
  const Json again = ResultRecord(file->finished());
  EXPECT_EQ(again.at("summary").at("broken_claims").dump(), "[\"claims the legacy dialect\"]");

  document["summary"].erase("broken_claims");
  const absl::StatusOr<ResultFile> older = ResultFile::Parse(document.dump(), "r.json");
  ASSERT_TRUE(older.ok()) << older.status();
  EXPECT_THAT(older->finished().summary.broken_claims, IsEmpty());
}

TEST_F(ResultFileTest, ItSurvivesMoves) {
  absl::StatusOr<ResultFile> file = ResultFile::Read(temp_.File("json"));
  ASSERT_TRUE(file.ok()) << file.status();
  std::vector<ResultFile> files;
  files.push_back(*std::move(file));
  files.reserve(files.capacity() + 1);
  EXPECT_EQ(JsonText(ResultRecord(files[0].finished()), 1) + "\n", Text());
}

TEST_F(ResultFileTest, DurationsAreThoseOfOneExecution) {
  const absl::StatusOr<ResultFile> file = ResultFile::Read(temp_.File("json"));
  ASSERT_TRUE(file.ok()) << file.status();
  const auto durations = file->Durations();
  EXPECT_EQ(durations.at("stdio/eof"), std::chrono::milliseconds(312));  // of two
  EXPECT_EQ(durations.count("bootstrap/info"), 0u);                      // skipped
}

TEST_F(ResultFileTest, AttemptsKeepTheirNumbersAndHaveTheirPlacesInOlderFiles) {
  Json document = Json::parse(Text());
  Json& attempts = document["checks"][5]["attempts"];
  const auto numbers = [&document] {
    std::vector<int> read;
    const absl::StatusOr<ResultFile> file = ResultFile::Parse(document.dump(), "r.json");
    EXPECT_TRUE(file.ok()) << file.status();
    if (!file.ok()) return read;
    for (const Attempt& attempt : file->Find("stdio/eof")->attempts) {
      read.push_back(attempt.number);
    }
    return read;
  };
  attempts[0]["attempt"] = 2;
  attempts[1]["attempt"] = 1;
  EXPECT_THAT(numbers(), ElementsAre(2, 1));
  for (Json& attempt : attempts) attempt.erase("attempt");
  EXPECT_THAT(numbers(), ElementsAre(1, 2));
}

TEST_F(ResultFileTest, MistakesNameFileFieldAndExpectation) {
  EXPECT_THAT(std::string(ResultFile::Read("/no/such").status().message()),
              HasSubstr("/no/such: No such file"));
  EXPECT_THAT(std::string(ResultFile::Parse("<xml>", "r.json").status().message()),
              HasSubstr("r.json: no JSON"));
  EXPECT_EQ(ResultFile::Parse("", "r.json").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ResultFile::Parse("[]", "r.json").status().message(), "r.json: expected an object");
  EXPECT_EQ(Mistake([](Json& json) { json["schema"] = 99; }),
            "r.json.schema: is 99, this build reads 1");
  EXPECT_EQ(Mistake([](Json& json) { json.erase("seed"); }), "r.json.seed: missing");
  EXPECT_EQ(Mistake([](Json& json) { json["seed"] = "xyz"; }),
            "r.json.seed: 'xyz' is no hexadecimal number");
  EXPECT_EQ(Mistake([](Json& json) { json["checks"][2]["actual"] = "meh"; }),
            "r.json.checks[2].actual: 'meh' is no verdict");
  EXPECT_EQ(Mistake([](Json& json) { json["checks"][2]["level"] = 3; }),
            "r.json.checks[2].level: expected a string");
  EXPECT_EQ(Mistake([](Json& json) { json["checks"][2]["decisive"] = 7; }),
            "r.json.checks[2].decisive: is 7, expected an index of attempts");
  EXPECT_EQ(Mistake([](Json& json) { json["checks"][2]["history"][0]["lane"] = "bus"; }),
            "r.json.checks[2].history[0].lane: 'bus' is none");
  EXPECT_EQ(Mistake([](Json& json) {
              json["shard"] = {{"index", 3}, {"of", 2}};
            }),
            "r.json.shard.index: is 3, expected 1 to 2");
}

TEST_F(ResultFileTest, TheStreamOfAKilledRunIsNoResult) {
  std::string stream = ReadFile(temp_.File("jsonl"));
  stream.erase(stream.rfind("{\"t\":\"run.end\""));
  EXPECT_THAT(std::string(ResultFile::Parse(stream, "s").status().message()),
              HasSubstr("s: a stream without run.end"));
  stream.resize(stream.size() - 10);
  EXPECT_THAT(std::string(ResultFile::Parse(stream, "s").status().message()),
              HasSubstr("is no JSON"));
}

}  // namespace
}  // namespace conformance
