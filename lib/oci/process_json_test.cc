// SPDX-License-Identifier: Apache-2.0
#include "oci/process_json.h"

#include <gtest/gtest.h>

#include "oci/spec_parser.h"

namespace oci {
namespace {

TEST(ProcessJsonTest, ReplacesTheValueAndNothingElse) {  // EXEC-04
  EXPECT_EQ(*WithTerminal(R"({"args":["a"], "terminal" : false ,"x":{"terminal":false}})", true),
            R"({"args":["a"], "terminal" : true ,"x":{"terminal":false}})");
  EXPECT_EQ(*WithTerminal(R"({"terminal":true})", false), R"({"terminal":false})");
  EXPECT_EQ(*WithTerminal(R"({"terminal":true})", true), R"({"terminal":true})");
  EXPECT_EQ(*WithTerminal(R"({"terminal":null,"a":1})", true), R"({"terminal":true,"a":1})");
}

TEST(ProcessJsonTest, ReplacesEveryRepetition) {
  EXPECT_EQ(*WithTerminal(R"({"terminal":false,"a":1,"terminal":false})", true),
            R"({"terminal":true,"a":1,"terminal":true})");
}

TEST(ProcessJsonTest, AddsTheMemberIfAbsent) {
  EXPECT_EQ(*WithTerminal("{}", true), R"({"terminal":true})");
  EXPECT_EQ(*WithTerminal(" { } ", true), R"( {"terminal":true } )");
  EXPECT_EQ(*WithTerminal(R"({"a":1})", false), R"({"terminal":false,"a":1})");
  EXPECT_EQ(*WithTerminal("{\n  \"a\": null\n}", true), "{\"terminal\":true,\n  \"a\": null\n}");
}

TEST(ProcessJsonTest, ResultIsWhatExecAskedFor) {
  for (const bool terminal : {false, true}) {
    for (const char* text : {"{}", R"({"terminal":true})", R"({"terminal":false})",
                             R"({"a":{"terminal":null},"args":["x"]})"}) {
      EXPECT_EQ(ParseProcess(*WithTerminal(text, terminal))->terminal, terminal) << text;
    }
  }
}

TEST(ProcessJsonTest, RefusesWhatIsNoObject) {  // EXEC-06, EXEC-07
  for (const char* bad : {"", "null", "[]", "3", "{", "{}x", "{\"terminal\":}"}) {
    EXPECT_EQ(WithTerminal(bad, true).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

}  // namespace
}  // namespace oci
