// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/features_json.h"

#include <gtest/gtest.h>

namespace backends {
namespace {

constexpr char kMembers[] = R"("a":"1")";

TEST(FeaturesJson, AnnotationsAreAddedToThoseThatAreThere) {
  EXPECT_EQ(WithAnnotations(R"({"x":[1], "annotations": {"b":"2"},"y":{}})", kMembers),
            R"({"x":[1], "annotations": {"a":"1","b":"2"},"y":{}})");
  EXPECT_EQ(WithAnnotations(R"({"annotations":{ }})", kMembers), R"({"annotations":{"a":"1" }})");
}

TEST(FeaturesJson, ADocumentWithoutThemGetsThem) {
  EXPECT_EQ(WithAnnotations(R"({"x":1})", kMembers), R"({"annotations":{"a":"1"},"x":1})");
  EXPECT_EQ(WithAnnotations("{}", kMembers), R"({"annotations":{"a":"1"}})");
}

TEST(FeaturesJson, WhatIsNoDocumentStaysAsItIs) {
  for (const char* text : {"", "[]", "{\"x\":", "{} {}", "features"}) {
    EXPECT_EQ(WithAnnotations(text, kMembers), text);
  }
}

}  // namespace
}  // namespace backends
