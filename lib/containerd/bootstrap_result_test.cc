// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "bootstrap/v1/bootstrap.pb.h"
#include "containerd/bootstrap.h"

namespace containerd {
namespace {

using ::testing::HasSubstr;

constexpr char kAddress[] = "unix:///run/containerd/s/abc";

std::string Protobuf(int version, const std::string& address, const std::string& protocol) {
  runtime::bootstrap::v1::BootstrapResult message;
  message.set_version(version);
  message.set_address(address);
  message.set_protocol(protocol);
  return message.SerializeAsString();
}

absl::StatusCode CodeOf(const std::string& output) {
  return ParseStartResult(output).status().code();
}

TEST(StartResultTest, BareText) {  // OUT-01
  for (const std::string text : {"unix:///run/containerd/s/abc", "unix:///run/containerd/s/abc\n",
                                 " \t unix:///run/containerd/s/abc \r\n\n"}) {
    const absl::StatusOr<BootstrapResult> result = ParseStartResult(text);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->dialect, Dialect::kText);
    EXPECT_EQ(result->version, 2);
    EXPECT_EQ(result->protocol, Protocol::kTtrpc);
    EXPECT_EQ(result->address, kAddress);
  }
  EXPECT_EQ(ParseStartResult("/containerd-shim/ns/id/shim.sock\n")->address,
            "/containerd-shim/ns/id/shim.sock");
}

TEST(StartResultTest, Json) {  // OUT-02, OUT-06
  const struct {
    std::string text;
    int version;
    Protocol protocol;
  } kCases[] = {
      {R"({"version":2,"address":"unix:///run/containerd/s/abc","protocol":"ttrpc"})", 2,
       Protocol::kTtrpc},
      {R"({"version":3,"address":"unix:///run/containerd/s/abc","protocol":"GRPC"})", 3,
       Protocol::kGrpc},
      {"\n {\"protocol\":\"TTRPC\",\"address\":\"unix:///run/containerd/s/abc\",\"version\":3,"
       "\"more\":[1]} \n",
       3, Protocol::kTtrpc},
      // Go matches keys in any case, takes the last of equal ones and ignores null.
      {R"({"Version":2,"ADDRESS":"x","address":"unix:///run/containerd/s/abc","protocol":"ttrpc",)"
       R"("Protocol":null})",
       2, Protocol::kTtrpc},
  };
  for (const auto& test : kCases) {
    const absl::StatusOr<BootstrapResult> result = ParseStartResult(test.text);
    ASSERT_TRUE(result.ok()) << result.status() << " for " << test.text;
    EXPECT_EQ(result->dialect, Dialect::kJson);
    EXPECT_EQ(result->version, test.version);
    EXPECT_EQ(result->protocol, test.protocol);
    EXPECT_EQ(result->address, kAddress);
  }
}

// OUT-04: what is JSON but no result becomes an address, as absurd as that is.
TEST(StartResultTest, JsonThatIsNoResultIsAnAddress) {
  for (const std::string text :
       {R"({"address":"unix:///x","protocol":"ttrpc"})", R"({"version":1,"address":"unix:///x"})",
        R"({"version":"3","address":"unix:///x","protocol":"ttrpc"})",
        R"({"version":3,"address":7,"protocol":"ttrpc"})",
        R"({"version":2.5,"address":"unix:///x","protocol":"ttrpc"})",
        R"({"version":18446744073709551615,"address":"unix:///x","protocol":"ttrpc"})",
        R"({"version":4294967299,"address":"unix:///x","protocol":"ttrpc"})",
        R"({"version":3,"address":"x","protocol":"ttrpc","metadata":[]})",
        R"({"version":3,"address":"x","protocol":"ttrpc","metadata":{"a":1}})",
        R"({"version":3,"address":"x","protocol":"ttrpc","extensions":{}})",
        R"({"version":3,"address":"x","protocol":"ttrpc","extensions":[{"value":"x"}]})",
        R"({"version":3,"address":"x","protocol":"ttrpc","extensions":[{"value":{"value":"!"}}]})",
        R"({"version":3,"address":"unix:///x")", "[]", "3", "null", "\"unix:///x\""}) {
    const absl::StatusOr<BootstrapResult> result = ParseStartResult(text);
    ASSERT_TRUE(result.ok()) << result.status() << " for " << text;
    EXPECT_EQ(result->dialect, Dialect::kText) << text;
    EXPECT_EQ(result->address, text);
    EXPECT_EQ(result->version, 2);
    EXPECT_TRUE(result->metadata.empty());
    EXPECT_TRUE(result->extensions.empty());
  }
}

TEST(StartResultTest, Protobuf) {  // OUT-03
  const absl::StatusOr<BootstrapResult> result = ParseStartResult(Protobuf(3, kAddress, "Ttrpc"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->dialect, Dialect::kProtobuf);
  EXPECT_EQ(result->version, 3);
  EXPECT_EQ(result->protocol, Protocol::kTtrpc);
  EXPECT_EQ(result->address, kAddress);
  EXPECT_EQ(ParseStartResult(Protobuf(2, "x", "grpc"))->protocol, Protocol::kGrpc);
}

// The bytes themselves: version 3, address "unix://a", protocol "ttrpc".
TEST(StartResultTest, ProtobufOnTheWire) {
  const std::string bytes = "\x08\x03\x12\x08unix://a\x1a\x05ttrpc";
  const absl::StatusOr<BootstrapResult> result = ParseStartResult(bytes);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->address, "unix://a");
  EXPECT_EQ(*EncodeStartResult(*result), bytes);
}

TEST(StartResultTest, ProtobufIsNotTrimmed) {
  runtime::bootstrap::v1::BootstrapResult message;
  ASSERT_TRUE(message.ParseFromString(Protobuf(3, kAddress, "ttrpc")));
  (*message.mutable_metadata())["note"] = "line\n";
  const std::string bytes = message.SerializeAsString();
  ASSERT_EQ(bytes.back(), '\n');
  EXPECT_EQ(ParseStartResult(bytes)->metadata.at("note"), "line\n");
  // A newline after the message makes it undecodable, and the whole a text.
  const absl::StatusOr<BootstrapResult> result = ParseStartResult(bytes + "\n");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->dialect, Dialect::kText);
}

TEST(StartResultTest, UnknownFieldsAndCapabilitiesAreTolerated) {
  const std::string bytes = Protobuf(3, kAddress, "ttrpc") + "\x20\x07" + "\x9a\x06\x01x";
  EXPECT_EQ(ParseStartResult(bytes)->dialect, Dialect::kProtobuf);
}

TEST(StartResultTest, Refusals) {
  EXPECT_EQ(CodeOf(""), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf("\n"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(R"({"version":4,"address":"x","protocol":"ttrpc"})"),
            absl::StatusCode::kUnimplemented);
  EXPECT_EQ(CodeOf(R"({"version":3,"address":"x","protocol":"http"})"),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(R"({"version":3,"address":"x"})"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(R"({"version":3,"protocol":"ttrpc"})"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Protobuf(4, kAddress, "ttrpc")), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(CodeOf(Protobuf(1, kAddress, "ttrpc")), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Protobuf(0, kAddress, "ttrpc")), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Protobuf(3, "", "ttrpc")), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Protobuf(3, kAddress, "")), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(ParseStartResult(Protobuf(3, kAddress, "a\nb")).status().message()),
              HasSubstr("\"a\\nb\""));
}

BootstrapResult FullResult(Dialect dialect) {
  BootstrapResult result{.version = 3,
                         .address = "unix:///run/\"quoted\"\\\x01\t\xc3\xa9",
                         .protocol = Protocol::kGrpc,
                         .dialect = dialect,
                         .metadata = {{"a", "1"}, {"b\n", "\"2\""}}};
  google::protobuf::Any any;
  any.set_type_url("containerd.types.MountCapabilities");
  any.set_value(std::string("\0\xff\x0a", 3));
  result.extensions = {any, google::protobuf::Any()};
  return result;
}

TEST(StartResultTest, WhatIsWrittenIsRead) {  // V24-01
  for (const Dialect dialect : {Dialect::kJson, Dialect::kProtobuf}) {
    const BootstrapResult written = FullResult(dialect);
    const absl::StatusOr<BootstrapResult> read = ParseStartResult(*EncodeStartResult(written));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->dialect, dialect);
    EXPECT_EQ(read->version, written.version);
    EXPECT_EQ(read->address, written.address);
    EXPECT_EQ(read->protocol, written.protocol);
    EXPECT_EQ(read->metadata, written.metadata);
    ASSERT_EQ(read->extensions.size(), 2u);
    EXPECT_EQ(read->extensions[0].type_url(), written.extensions[0].type_url());
    EXPECT_EQ(read->extensions[0].value(), written.extensions[0].value());
    EXPECT_EQ(read->extensions[1].type_url(), "");
  }
}

TEST(StartResultTest, TextIsTheAddressAlone) {  // OUT-09
  EXPECT_EQ(*EncodeStartResult({.version = 2, .address = kAddress}), kAddress);
  EXPECT_EQ(EncodeStartResult({.version = 3, .address = kAddress}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(EncodeStartResult({.version = 2, .address = kAddress, .protocol = Protocol::kGrpc})
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(StartResultTest, JsonAsContainerdPrintsIt) {  // OUT-08
  EXPECT_EQ(*EncodeStartResult({.version = 3, .address = kAddress, .dialect = Dialect::kJson}),
            R"({"version":3,"address":"unix:///run/containerd/s/abc","protocol":"ttrpc"})");
}

TEST(StartResultTest, DialectNames) {
  EXPECT_EQ(DialectName(Dialect::kText), "text");
  EXPECT_EQ(DialectName(Dialect::kJson), "json");
  EXPECT_EQ(DialectName(Dialect::kProtobuf), "protobuf");
}

}  // namespace
}  // namespace containerd
