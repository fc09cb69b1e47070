// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/text_diff.h"

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <string>

namespace conformance {
namespace {

TEST(TextDiffTest, EqualTextsHaveNone) {
  EXPECT_EQ(UnifiedDiff("a\nb\n", "a\nb\n", "f"), "");
  EXPECT_EQ(UnifiedDiff("", "", "f"), "");
}

TEST(TextDiffTest, AChangeStandsInItsContext) {
  EXPECT_EQ(UnifiedDiff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", "f"),
            "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST(TextDiffTest, DistantChangesAreHunksOfTheirOwn) {
  EXPECT_EQ(UnifiedDiff("a\n1\n2\n3\n4\n5\n6\n7\nz\n", "1\n2\n3\n4\n5\n6\n7\n", "f"),
            "--- f\n+++ f\n@@ -1,4 +1,3 @@\n-a\n 1\n 2\n 3\n@@ -6,4 +5,3 @@\n 5\n 6\n 7\n-z\n");
}

TEST(TextDiffTest, ChangesWithFiveLinesBetweenAreOneHunk) {
  EXPECT_EQ(UnifiedDiff("a\n1\n2\n3\n4\n5\nz\n", "A\n1\n2\n3\n4\n5\nZ\n", "f"),
            "--- f\n+++ f\n@@ -1,7 +1,7 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n-z\n+Z\n");
}

TEST(TextDiffTest, WhatLiesBehindTheContextIsLeftOut) {
  std::string rest = "\n1\n2\n3\n";
  for (int i = 0; i < 20; ++i) absl::StrAppend(&rest, "more\n");
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(UnifiedDiff("a" + rest, "b" + rest, "f"),
              "--- f\n+++ f\n@@ -1,4 +1,4 @@\n-a\n+b\n 1\n 2\n 3\n")
        << rest;
    rest.erase(rest.size() - 5);
  }
}

TEST(TextDiffTest, LinesThatBothHaveStay) {
  EXPECT_EQ(UnifiedDiff("a\nq\nr\ns\n", "x\na\n", "f"),
            "--- f\n+++ f\n@@ -1,4 +1,2 @@\n+x\n a\n-q\n-r\n-s\n");
  EXPECT_EQ(UnifiedDiff("p\na\nq\n", "x\na\ny\n", "f"),
            "--- f\n+++ f\n@@ -1,3 +1,3 @@\n-p\n+x\n a\n-q\n+y\n");
}

TEST(TextDiffTest, OfEqualLinesThoseOfTheBeginningStayThenThoseOfTheEnd) {
  EXPECT_EQ(UnifiedDiff("x\n", "x\nx\n", "f"), "--- f\n+++ f\n@@ -1,1 +1,2 @@\n x\n+x\n");
  EXPECT_EQ(UnifiedDiff("a\nx\n", "x\nb\nx\n", "f"),
            "--- f\n+++ f\n@@ -1,2 +1,3 @@\n-a\n+x\n+b\n x\n");
}

TEST(TextDiffTest, ALastLineWithoutItsEndIsALine) {
  const std::string marker = "\n\\ No newline at end of file\n";
  EXPECT_EQ(UnifiedDiff("a\nb", "a\nc", "f"),
            absl::StrCat("--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b", marker, "+c", marker));
  EXPECT_EQ(UnifiedDiff("a\nb", "a\nb\n", "f"),
            absl::StrCat("--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b", marker, "+b\n"));
  EXPECT_EQ(UnifiedDiff("a\nb", "c\nb", "f"),
            absl::StrCat("--- f\n+++ f\n@@ -1,2 +1,2 @@\n-a\n+c\n b", marker));
}

TEST(TextDiffTest, NewFilesAndAppendedLines) {
  EXPECT_EQ(UnifiedDiff({}, "x\n", "f"), "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+x\n");
  EXPECT_EQ(UnifiedDiff("", "x\ny\n", "f"), "--- f\n+++ f\n@@ -0,0 +1,2 @@\n+x\n+y\n");
  EXPECT_EQ(UnifiedDiff("x\n", "x\ny\n", "f"), "--- f\n+++ f\n@@ -1,1 +1,2 @@\n x\n+y\n");
  EXPECT_EQ(UnifiedDiff("x\ny\n", "x\n", "f"), "--- f\n+++ f\n@@ -1,2 +1,1 @@\n x\n-y\n");
}

}  // namespace
}  // namespace conformance
