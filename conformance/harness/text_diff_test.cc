// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/text_diff.h"

#include <gtest/gtest.h>

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

TEST(TextDiffTest, NewFilesAndAppendedLines) {
  EXPECT_EQ(UnifiedDiff("", "x\ny\n", "f"), "--- f\n+++ f\n@@ -0,0 +1,2 @@\n+x\n+y\n");
  EXPECT_EQ(UnifiedDiff("x\n", "x\ny\n", "f"), "--- f\n+++ f\n@@ -1,1 +1,2 @@\n x\n+y\n");
  EXPECT_EQ(UnifiedDiff("x\ny\n", "x\n", "f"), "--- f\n+++ f\n@@ -1,2 +1,1 @@\n x\n-y\n");
}

}  // namespace
}  // namespace conformance
