// SPDX-License-Identifier: Apache-2.0
// Real output, docs/results.schema.json and docs/results.md say the same.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/testing/temp_dir.h"
#include "conformance/reports/json_records.h"
#include "conformance/reports/json_schema.h"
#include "conformance/reports/jsonl.h"
#include "conformance/reports/sample_run.h"

namespace conformance {
namespace {

using base::testing::ReadFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::ordered_json;

JsonSchema Schema() {
  return JsonSchema(Json::parse(ReadFile(SHIMGAUGE_DOCS "/results.schema.json")));
}

class ResultSchemaTest : public ::testing::Test {
 protected:
  std::string Text(std::unique_ptr<Report> (*make)(std::unique_ptr<Output>)) {
    const std::unique_ptr<Report> report = make(*Output::Open(temp_.File("out")));
    run_.Tell(*report);
    return ReadFile(temp_.File("out"));
  }

  base::testing::TempDir temp_;
  SampleRun run_;
  JsonSchema schema_ = Schema();
};

TEST_F(ResultSchemaTest, TheDocumentFits) {
  EXPECT_THAT(schema_.Problems(Json::parse(Text(&MakeJsonReport))), IsEmpty());
}

TEST_F(ResultSchemaTest, EveryLineOfTheStreamFits) {
  std::size_t lines = 0;
  for (const absl::string_view line :
       absl::StrSplit(Text(&MakeJsonLinesReport), '\n', absl::SkipEmpty())) {
    const Json record = Json::parse(line.begin(), line.end());
    EXPECT_THAT(schema_.Problems(record, "record"), IsEmpty()) << line;
    ++lines;
  }
  EXPECT_GT(lines, 20u);
}

TEST_F(ResultSchemaTest, AShardFits) {
  Json document = Json::parse(Text(&MakeJsonReport));
  document["shard"] = {{"index", 1}, {"of", 2}};
  EXPECT_THAT(schema_.Problems(document), IsEmpty());
}

TEST_F(ResultSchemaTest, TheSchemaHasTeeth) {
  const Json good = Json::parse(Text(&MakeJsonReport));
  Json bad = good;
  bad["schema"] = 2;
  EXPECT_THAT(schema_.Problems(bad), ElementsAre(".schema: 2 is not 1"));
  bad = good;
  bad["summary"].erase("planned");
  EXPECT_THAT(schema_.Problems(bad), ElementsAre(".summary.planned: missing"));
  bad = good;
  bad["checks"][0]["colour"] = "red";
  EXPECT_THAT(schema_.Problems(bad), ElementsAre(".checks[0].colour: not in the schema"));
  bad = good;
  bad["checks"][1]["actual"] = "meh";
  bad["checks"][2]["attempts"][0]["ms"] = "fast";
  EXPECT_THAT(schema_.Problems(bad), SizeIs(2));
  bad = good;
  bad["jobs"] = 0;
  EXPECT_THAT(schema_.Problems(bad), ElementsAre(".jobs: 0 is too small"));
  EXPECT_THAT(schema_.Problems({{"t", "run.stop"}}, "record"), SizeIs(1));
}

TEST_F(ResultSchemaTest, TheSchemaNumberIsTheBuilds) {
  EXPECT_EQ(schema_.json().at("properties").at("schema").at("const"), kResultSchema);
}

// The table of `section` in the page: field -> its row.
std::map<std::string, std::string> TableOf(const std::string& page, const std::string& section) {
  std::map<std::string, std::string> rows;
  bool inside = false;
  for (const absl::string_view line : absl::StrSplit(page, '\n')) {
    if (absl::StartsWith(line, "#")) inside = line == section;
    const std::vector<std::string> cells = absl::StrSplit(line, " | ");
    if (inside && absl::StartsWith(line, "| `")) rows[cells[0].substr(2)] = std::string(line);
  }
  return rows;
}

TEST_F(ResultSchemaTest, ThePageHasEveryFieldOfTheSchemaAndNoOther) {
  const std::string page = ReadFile(SHIMGAUGE_DOCS "/results.md");
  const auto compare = [&page](const Json& object, const std::string& section) {
    std::map<std::string, std::string> rows = TableOf(page, section);
    const Json& required = object.at("required");
    for (const auto& [name, field] : object.at("properties").items()) {
      const std::string cell = absl::StrCat("`", name, "`");
      ASSERT_EQ(rows.count(cell), 1u) << section << " lacks " << name;
      const bool optional = std::find(required.begin(), required.end(), name) == required.end();
      EXPECT_EQ(absl::StrContains(rows[cell], "| optional |"), optional) << section << " " << name;
      if (field.contains("description")) {
        EXPECT_THAT(rows[cell], HasSubstr(field.at("description").get<std::string>()));
      }
      rows.erase(cell);
    }
    EXPECT_THAT(rows, IsEmpty()) << section;
  };
  compare(schema_.json(), "## results.json");
  for (const auto& [name, def] : schema_.json().at("$defs").items()) {
    if (def.contains("properties")) compare(def, absl::StrCat("### ", name));
  }
  const std::map<std::string, std::string> records = TableOf(page, "## The stream");
  for (const Json& record : schema_.json().at("$defs").at("record").at("oneOf")) {
    const std::string type = record.at("properties").at("t").at("const").get<std::string>();
    EXPECT_EQ(records.count(absl::StrCat("`", type, "`")), 1u) << type;
  }
}

}  // namespace
}  // namespace conformance
