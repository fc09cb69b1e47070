// SPDX-License-Identifier: Apache-2.0
#include "oci/annotations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace oci {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::string Error(absl::string_view text) {
  return std::string(ParseAnnotations(text).status().message());
}

TEST(AnnotationsTest, AreReadWhereverTheyAre) {
  EXPECT_THAT(*ParseAnnotations(R"({"annotations":{"a":"1","b.c/d":"\u00e9"},"process":{}})"),
              UnorderedElementsAre(Pair("a", "1"), Pair("b.c/d", "\xc3\xa9")));
  EXPECT_THAT(*ParseAnnotations(R"({"linux":{"annotations":{"no":"1"}},"annotations":{"a":""}})"),
              UnorderedElementsAre(Pair("a", "")));
}

TEST(AnnotationsTest, MayBeAbsent) {
  EXPECT_THAT(*ParseAnnotations("{}"), IsEmpty());
  EXPECT_THAT(*ParseAnnotations(R"({"annotations":null})"), IsEmpty());
  EXPECT_THAT(*ParseAnnotations(R"({"annotations":{}})"), IsEmpty());
}

TEST(AnnotationsTest, NothingElseNeedsTheRightType) {
  EXPECT_THAT(*ParseAnnotations(R"({"process":7,"linux":[],"annotations":{"a":"b"}})"),
              UnorderedElementsAre(Pair("a", "b")));
}

TEST(AnnotationsTest, TheWholeTextMustBeJson) {  // START-09
  EXPECT_EQ(Error(""), "line 1, column 1: unexpected end, expected a value");
  EXPECT_EQ(Error("[]"), "expected an object");
  EXPECT_EQ(Error(R"({"annotations":{"a":"b"},)"),
            "line 1, column 26: unexpected end, expected a member name in quotes");
  EXPECT_EQ(Error(R"({"annotations":{"a":"b"}} x)"), "line 1, column 27: expected nothing more");
  EXPECT_EQ(Error(R"({"annotations":[]})"), "annotations: expected an object");
  EXPECT_EQ(Error(R"({"annotations":{"a":1}})"), "annotations.a: expected a string");
}

}  // namespace
}  // namespace oci
