// SPDX-License-Identifier: Apache-2.0
#include "oci/json_reader.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "oci/limits.h"

namespace oci {
namespace {

using ::testing::ElementsAre;

std::string Error(absl::string_view text) {
  const absl::Status status = ValidateJson(text);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

std::string ReadOneString(absl::string_view text) {
  JsonReader reader(text);
  std::string out;
  const absl::Status status = reader.ReadString(out);
  return status.ok() && reader.Finish().ok() ? out : absl::StrCat("error: ", status.message());
}

TEST(JsonReaderTest, AcceptsJson) {
  for (const char* good : {"null",
                           "true",
                           "false",
                           "0",
                           "-0",
                           "12",
                           "-1.5e+10",
                           "0.1E-2",
                           "1e999",
                           "\"\"",
                           "\"x\"",
                           "[]",
                           "[ ]",
                           "{}",
                           "{ }",
                           " \t\r\n[1 , 2]\n",
                           "{\"a\":{\"b\":[{}]}}",
                           "{\"\":1}",
                           "\"\\u00e9\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                           "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
                           "\"\x7f\"",
                           "{\"a\":1,\"a\":2}"}) {
    EXPECT_TRUE(ValidateJson(good).ok()) << good << ": " << ValidateJson(good);
  }
}

TEST(JsonReaderTest, RefusesTheRestWithItsPlace) {
  EXPECT_EQ(Error(""), "line 1, column 1: unexpected end, expected a value");
  EXPECT_EQ(Error("  \n "), "line 2, column 2: unexpected end, expected a value");
  EXPECT_EQ(Error("{"), "line 1, column 2: unexpected end, expected a member name in quotes");
  EXPECT_EQ(Error("{\n  \"a\" 1}"), "line 2, column 7: expected ':'");
  EXPECT_EQ(Error("{\"a\":1 \"b\":2}"), "line 1, column 8: expected ',' or '}'");
  EXPECT_EQ(Error("{\"a\":1,}"), "line 1, column 8: expected a member name in quotes");
  EXPECT_EQ(Error("{a:1}"), "line 1, column 2: expected a member name in quotes");
  EXPECT_EQ(Error("[1,]"), "line 1, column 4: expected a value");
  EXPECT_EQ(Error("[1 2]"), "line 1, column 4: expected ',' or ']'");
  EXPECT_EQ(Error("[1"), "line 1, column 3: unexpected end, expected ',' or ']'");
  EXPECT_EQ(Error("1 2"), "line 1, column 3: expected nothing more");
  EXPECT_EQ(Error("01"), "line 1, column 2: expected nothing more");
  EXPECT_EQ(Error("-"), "line 1, column 2: unexpected end, expected a digit");
  EXPECT_EQ(Error("1."), "line 1, column 3: unexpected end, expected a digit");
  EXPECT_EQ(Error("1e+"), "line 1, column 4: unexpected end, expected a digit");
  EXPECT_EQ(Error("+1"), "line 1, column 1: expected a value");
  EXPECT_EQ(Error("tru"), "line 1, column 1: expected a value");
  EXPECT_EQ(Error("nul"), "line 1, column 1: expected a value");
  EXPECT_EQ(Error("{\"a\":nope}"), "line 1, column 6: expected a value");
  EXPECT_EQ(Error("'a'"), "line 1, column 1: expected a value");
  EXPECT_EQ(Error("// c\n1"), "line 1, column 1: expected a value");
  EXPECT_EQ(Error("\"abc"), "line 1, column 5: unexpected end, expected '\"'");
  EXPECT_EQ(Error("\"a\nb\""), "line 1, column 3: unescaped control character in a string");
  EXPECT_EQ(Error("\"\\x\""), "line 1, column 2: invalid escape in a string");
  EXPECT_EQ(Error("\"\\"), "line 1, column 2: invalid escape in a string");
  EXPECT_EQ(Error("\"\\u12g4\""), "line 1, column 2: invalid escape in a string");
  EXPECT_EQ(Error("\"\\u12"), "line 1, column 2: invalid escape in a string");
  EXPECT_EQ(Error("\"\\ud800\""), "line 1, column 2: lone surrogate in a string");
  EXPECT_EQ(Error("\"\\ud800\\u0041\""), "line 1, column 2: lone surrogate in a string");
  EXPECT_EQ(Error("\"\\udc00\""), "line 1, column 2: lone surrogate in a string");
  EXPECT_EQ(Error(absl::string_view("\0", 1)), "line 1, column 1: expected a value");
  EXPECT_EQ(Error(absl::string_view("{\"a\":1}\0", 8)), "line 1, column 8: expected nothing more");
}

TEST(JsonReaderTest, StringsAreUtf8) {
  for (const char* bad :
       {"\x80", "\xc0\xaf", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_EQ(Error(absl::StrCat("\"", bad, "\"")), "line 1, column 2: a string is not UTF-8");
  }
  for (const char* good : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(ReadOneString(absl::StrCat("\"", good, "\"")), good);
  }
}

TEST(JsonReaderTest, Unescapes) {
  EXPECT_EQ(ReadOneString(R"("plain")"), "plain");
  EXPECT_EQ(ReadOneString(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(ReadOneString(R"("\u0041\u00e9\u20ac\uD83D\uDe00!")"),
            "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!");
  EXPECT_EQ(ReadOneString(R"("a\u0000b")"), std::string("a\0b", 3));
  EXPECT_EQ(ReadOneString(R"("\\u0041")"), "\\u0041");
}

TEST(JsonReaderTest, NestingIsLimited) {
  const std::string deepest = std::string(kJsonNestingMax, '[') + std::string(kJsonNestingMax, ']');
  EXPECT_TRUE(ValidateJson(deepest).ok());
  EXPECT_EQ(Error("[" + deepest + "]"),
            absl::StrCat("line 1, column ", kJsonNestingMax + 1, ": nested more than ",
                         kJsonNestingMax, " levels deep"));
  std::string objects;
  for (int i = 0; i < 200; ++i) objects += "{\"a\":";
  EXPECT_FALSE(ValidateJson(objects).ok());
}

TEST(JsonReaderTest, TypeErrorsNameThePath) {
  JsonReader reader(R"({"a":{"b c":[1,{"d":[true,"x"]}]}})");
  std::string out;
  const absl::Status status = reader.ReadObject([&](absl::string_view) {
    return reader.ReadObject([&](absl::string_view) {
      int element = 0;
      return reader.ReadArray([&] {
        if (element++ == 0) return reader.Skip();
        return reader.ReadObject([&](absl::string_view) {
          return reader.ReadArray([&] { return reader.ReadString(out); });
        });
      });
    });
  });
  EXPECT_EQ(status.message(), "a.b c[1].d[0]: expected a string");
}

TEST(JsonReaderTest, BrokenJsonIsNotATypeError) {
  std::string out;
  EXPECT_EQ(JsonReader("{x").ReadString(out).message(),
            "line 1, column 2: expected a member name in quotes");
  EXPECT_EQ(JsonReader("").ReadString(out).message(),
            "line 1, column 1: unexpected end, expected a value");
  EXPECT_EQ(JsonReader("[]").ReadString(out).message(), "expected a string");
}

TEST(JsonReaderTest, ReadsMembersInOrderLeavingOutNulls) {
  std::vector<std::string> names;
  JsonReader reader(R"({"b":1, "n" : null ,"\u0061":[], "b":2,"z":null})");
  ASSERT_TRUE(reader
                  .ReadObject([&](absl::string_view name) {
                    names.emplace_back(name);
                    return reader.Skip();
                  })
                  .ok());
  EXPECT_TRUE(reader.Finish().ok());
  EXPECT_THAT(names, ElementsAre("b", "a", "b"));

  names.clear();
  JsonReader everything(R"({"n":null,"a":1})");
  ASSERT_TRUE(everything
                  .ReadObject(
                      [&](absl::string_view name) {
                        names.emplace_back(name);
                        return everything.Skip();
                      },
                      JsonReader::Nulls::kReport)
                  .ok());
  EXPECT_THAT(names, ElementsAre("n", "a"));
}

TEST(JsonReaderTest, IntegersHaveARange) {
  std::int64_t number = 7;
  const auto read = [&](absl::string_view text, std::int64_t min, std::int64_t max) {
    JsonReader reader(text);
    return std::string(reader.ReadInteger(min, max, number).message());
  };
  EXPECT_EQ(read("-5", -5, 5), "");
  EXPECT_EQ(number, -5);
  EXPECT_EQ(read("-9223372036854775808", std::numeric_limits<std::int64_t>::min(), 0), "");
  EXPECT_EQ(number, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(read("6", -5, 5), "expected an integer from -5 to 5");
  EXPECT_EQ(read("9223372036854775808", 0, std::numeric_limits<std::int64_t>::max()),
            "expected an integer from 0 to 9223372036854775807");
  EXPECT_EQ(read("1.0", 0, 5), "expected an integer from 0 to 5");
  EXPECT_EQ(read("1e0", 0, 5), "expected an integer from 0 to 5");
  EXPECT_EQ(read("\"1\"", 0, 5), "expected an integer");
  EXPECT_EQ(number, std::numeric_limits<std::int64_t>::min()) << "failures must not write";

  std::uint64_t natural = 7;
  JsonReader largest("18446744073709551615");
  EXPECT_TRUE(largest.ReadUnsigned(std::numeric_limits<std::uint64_t>::max(), natural).ok());
  EXPECT_EQ(natural, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(JsonReader("-1").ReadUnsigned(9, natural).message(), "expected an integer from 0 to 9");
  EXPECT_EQ(JsonReader("18446744073709551616").ReadUnsigned(UINT64_MAX, natural).message(),
            "expected an integer from 0 to 18446744073709551615");
}

TEST(JsonReaderTest, Bools) {
  bool out = false;
  EXPECT_TRUE(JsonReader(" true").ReadBool(out).ok());
  EXPECT_TRUE(out);
  EXPECT_TRUE(JsonReader("false").ReadBool(out).ok());
  EXPECT_FALSE(out);
  EXPECT_EQ(JsonReader("1").ReadBool(out).message(), "expected true or false");
  EXPECT_EQ(JsonReader("trux").ReadBool(out).message(), "line 1, column 1: expected a value");
}

TEST(JsonReaderTest, RawTextOfAValue) {
  JsonReader reader(" { \"a\" : [1, {\"b\": 2} ] , \"c\":3}");
  absl::string_view raw;
  ASSERT_TRUE(reader
                  .ReadObject([&](absl::string_view name) {
                    return name == "a" ? reader.SkipRaw(raw) : reader.Skip();
                  })
                  .ok());
  EXPECT_EQ(raw, "[1, {\"b\": 2} ]");
}

TEST(JsonReaderTest, CompactKeepsStrings) {
  EXPECT_EQ(CompactJson(" { \"a b\" :\t[ 1 ,\n\" \\\" \\\\\" , null ] } "),
            "{\"a b\":[1,\" \\\" \\\\\",null]}");
}

// Against an independent parser: on mutations of a real document both accept the same texts.
TEST(JsonReaderTest, AgreesWithAnotherParser) {
  const std::string document =
      R"({"ociVersion":"1.0.2","process":{"terminal":false,"user":{"uid":0},"args":["a\u00e9\n"],)"
      R"("env":["A=\"b\""],"cwd":"/"},"root":{"path":"rootfs"},"x":[1.5e-3,-0,null,true,{},[]],)"
      "\"y\":\"\xc3\xa9\xf0\x9f\x98\x80 \\ud83d\\ude00\"}";
  ASSERT_TRUE(ValidateJson(document).ok());
  constexpr absl::string_view kInteresting = "\"\\{}[]:,0123456789.eE+-tfnu \n\t\x01\x80\xc3\xff";
  std::mt19937 random(20260822);
  const auto pick = [&](std::size_t size) { return static_cast<std::size_t>(random() % size); };
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = document;
    for (std::size_t edits = 1 + pick(3); edits > 0 && !text.empty(); --edits) {
      const std::size_t at = pick(text.size());
      switch (pick(4)) {
        case 0:
          text[at] = kInteresting[pick(kInteresting.size())];
          break;
        case 1:
          text.insert(at, 1, kInteresting[pick(kInteresting.size())]);
          break;
        case 2:
          text.erase(at, 1 + pick(4));
          break;
        default:
          text.resize(at + 1);
      }
    }
    const bool ours = ValidateJson(text).ok();
    accepted += ours ? 1 : 0;
    ASSERT_EQ(ours, nlohmann::json::accept(text)) << text << "\n" << ValidateJson(text);
  }
  EXPECT_GT(accepted, 1000) << "the mutations should not all be fatal";
}

}  // namespace
}  // namespace oci
