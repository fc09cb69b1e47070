// SPDX-License-Identifier: Apache-2.0
// docs/known-bugs.md is written by hand; this keeps it true: every check it names exists, every row
// says what catches the bug or why nothing does, and its count is right.
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "conformance/checks/all_checks.h"

namespace conformance {
namespace {

struct BugRow {
  std::string id;
  std::vector<std::string> checks;
  std::string why_not;
};

std::vector<std::string> Quoted(const std::string& cell) {
  const std::vector<std::string> parts = absl::StrSplit(cell, '`');
  std::vector<std::string> quoted;
  for (std::size_t i = 1; i < parts.size(); i += 2) quoted.push_back(parts[i]);
  return quoted;
}

// The rows of the table, whose first cell is a bug id such as A13.
std::vector<BugRow> ReadRows(std::string& text) {
  std::ifstream file(SHIMGAUGE_DOCS "/known-bugs.md");
  std::vector<BugRow> rows;
  for (std::string line; std::getline(file, line);) {
    absl::StrAppend(&text, line, "\n");
    std::vector<std::string> cells = absl::StrSplit(line, '|');
    if (cells.size() != 7) continue;
    for (std::string& cell : cells) absl::StripAsciiWhitespace(&cell);
    if (cells[1].size() < 2 || !absl::ascii_isdigit(static_cast<unsigned char>(cells[1][1]))) {
      continue;
    }
    rows.push_back({.id = cells[1], .checks = Quoted(cells[4]), .why_not = cells[5]});
  }
  return rows;
}

TEST(KnownBugsTest, EveryRowNamesChecksThatExistOrSaysWhyNot) {
  std::set<std::string> known;
  for (const Check& check : AllChecks()) known.insert(check.id);
  std::string text;
  const std::vector<BugRow> rows = ReadRows(text);
  ASSERT_EQ(rows.size(), 152u);
  std::set<std::string> ids;
  for (const BugRow& row : rows) {
    EXPECT_TRUE(ids.insert(row.id).second) << row.id << " twice";
    EXPECT_NE(row.checks.empty(), row.why_not.empty()) << row.id;
    for (const std::string& check : row.checks) {
      EXPECT_EQ(known.count(check), 1u) << row.id << " names " << check << ", which is no check";
    }
  }
}

TEST(KnownBugsTest, TheCountIsThatOfTheRows) {
  std::string text;
  std::size_t counted = 0;
  std::size_t caught = 0;
  for (const BugRow& row : ReadRows(text)) {
    if (absl::StartsWith(row.why_not, "not counted")) continue;
    ++counted;
    if (!row.checks.empty()) ++caught;
  }
  EXPECT_TRUE(absl::StrContains(text, absl::StrCat("**", caught, " of ", counted, "**")))
      << "the rows say " << caught << " of " << counted;
  EXPECT_GE(caught * 100, counted * 85);
}

}  // namespace
}  // namespace conformance
