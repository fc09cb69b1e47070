// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/envelope.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "ttrpc/limits.h"
#include "ttrpc/testing/oracle.h"
#include "ttrpc/wire_format.h"

namespace ttrpc {
namespace {

using ::testing::ElementsAre;

std::vector<RequestEnvelope> Requests() {
  return {
      {},
      {.service = "containerd.task.v3.Task", .method = "Create"},
      {.service = "s", .method = "m", .payload = "p", .timeout_nano = 1},
      {.payload = absl::string_view("\0\xFF\x80", 3)},
      {.timeout_nano = std::numeric_limits<std::int64_t>::max()},
      {.timeout_nano = -1},
      {.metadata = {{"containerd-namespace-ttrpc", "default"}, {"k", ""}, {"", "v"}, {"", ""}}},
      {.service = "s\xC3\xA9", .method = "M", .metadata = {{"same", "1"}, {"same", "2"}}},
  };
}

std::vector<ResponseEnvelope> Responses() {
  return {
      {},
      {.payload = "p"},
      {.code = 5, .message = "not found"},
      {.code = -1, .message = ""},
      {.code = std::numeric_limits<std::int32_t>::max()},
      {.message = "text without a code"},
      {.code = 13, .message = "m", .details = {"one", "", "three"}, .payload = "kept"},
  };
}

// TT-11: our bytes are protobuf's bytes, in both directions.
TEST(RequestEnvelope, IsWhatProtobufMakesOfIt) {
  for (const RequestEnvelope& request : Requests()) {
    const std::string bytes = EncodeRequest(request);
    EXPECT_EQ(bytes, testing::OracleEncode(request));
    EXPECT_EQ(RequestBytes(request), bytes.size());
    testing::CheckRequestAgainstOracle(bytes);
    const absl::StatusOr<RequestEnvelope> decoded = DecodeRequest(bytes);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->service, request.service);
    EXPECT_EQ(decoded->method, request.method);
    EXPECT_EQ(decoded->payload, request.payload);
    EXPECT_EQ(decoded->timeout_nano, request.timeout_nano);
    EXPECT_EQ(decoded->metadata, request.metadata);
  }
}

TEST(RequestEnvelope, HeadPayloadAndTailMakeTheWhole) {
  for (const RequestEnvelope& request : Requests()) {
    std::string pieces;
    AppendRequestHead(request, &pieces);
    absl::StrAppend(&pieces, request.payload);
    AppendRequestTail(request, &pieces);
    EXPECT_EQ(pieces, EncodeRequest(request));
  }
}

TEST(RequestEnvelope, PayloadIsNotCopied) {
  const std::string bytes = EncodeRequest({.service = "s", .method = "m", .payload = "payload"});
  const absl::StatusOr<RequestEnvelope> decoded = DecodeRequest(bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_GE(decoded->payload.data(), bytes.data());
  EXPECT_LE(decoded->payload.data() + decoded->payload.size(), bytes.data() + bytes.size());
}

// TT-15: cut anywhere, a request is undecodable or a shorter request, as protobuf sees it too.
TEST(RequestEnvelope, TruncationIsNoticed) {
  const std::string bytes = EncodeRequest({.service = "service",
                                           .method = "method",
                                           .payload = "payload",
                                           .timeout_nano = 1'000'000'000,
                                           .metadata = {{"key", "value"}}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    testing::CheckRequestAgainstOracle(bytes.substr(0, size));
  }
  EXPECT_EQ(DecodeRequest(bytes.substr(0, bytes.size() - 1)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(RequestEnvelope, UndecodableIsInvalidArgument) {
  const absl::string_view messages[] = {
      {"\x0A\xFF", 2},          // service cut short
      {"\x0A\x02\xC3\x28", 4},  // service is not UTF-8
      {"\x12\x01\xFF", 3},      // method is not UTF-8
      {"\x2A\x02\x0A\x05", 4},  // metadata entry cut short inside
      {"\x2A\x03\x0A\x01\xFF", 5},
      {"\x20", 1},  // timeout missing
      {"\x00", 1},
      {"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 11},
  };
  for (const absl::string_view message : messages) {
    EXPECT_EQ(DecodeRequest(message).status().code(), absl::StatusCode::kInvalidArgument);
    testing::CheckRequestAgainstOracle(message);
  }
}

TEST(RequestEnvelope, IsReadAsProtobufReadsIt) {
  std::string message;
  AppendBytesField(1, "first", &message);
  AppendBytesField(1, "last wins", &message);
  AppendVarintField(2, 7, &message);          // wrong wire type: an unknown field
  AppendBytesField(15, "unknown", &message);  // TT-20 of the future
  AppendVarintField(1000, 1, &message);
  AppendBytesField(5, "", &message);  // an empty entry counts
  const absl::StatusOr<RequestEnvelope> decoded = DecodeRequest(message);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->service, "last wins");
  EXPECT_EQ(decoded->method, "");
  EXPECT_THAT(decoded->metadata, ElementsAre(Metadata{}));
  testing::CheckRequestAgainstOracle(message);
}

TEST(RequestEnvelope, MetadataIsBounded) {
  RequestEnvelope request;
  request.metadata.resize(kMetadataEntriesMax);
  EXPECT_TRUE(DecodeRequest(EncodeRequest(request)).ok());
  request.metadata.emplace_back();
  EXPECT_EQ(DecodeRequest(EncodeRequest(request)).status().code(),
            absl::StatusCode::kResourceExhausted);
}

// TT-12
TEST(ResponseEnvelope, IsWhatProtobufMakesOfIt) {
  for (const ResponseEnvelope& response : Responses()) {
    const std::string bytes = EncodeResponse(response);
    EXPECT_EQ(bytes, testing::OracleEncode(response));
    testing::CheckResponseAgainstOracle(bytes);
    const absl::StatusOr<ResponseEnvelope> decoded = DecodeResponse(bytes);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(decoded->code, response.code);
    EXPECT_EQ(decoded->message, response.message);
    EXPECT_EQ(decoded->details, response.details);
    EXPECT_EQ(decoded->payload, response.payload);
  }
}

TEST(ResponseEnvelope, EmptyReplyHasNoBytes) { EXPECT_EQ(EncodeResponse({}), ""); }

TEST(ResponseEnvelope, TruncationIsNoticed) {
  const std::string bytes = EncodeResponse(
      {.code = 5, .message = "message", .details = {"detail"}, .payload = "payload"});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    testing::CheckResponseAgainstOracle(bytes.substr(0, size));
  }
  EXPECT_EQ(DecodeResponse(bytes.substr(0, bytes.size() - 1)).status().code(),
            absl::StatusCode::kInternal);
}

TEST(ResponseEnvelope, UndecodableIsInternal) {
  const absl::string_view messages[] = {
      {"\x0A\x05", 2},                  // status cut short
      {"\x0A\x03\x12\x01\xFF", 5},      // message is not UTF-8
      {"\x0A\x01\x08", 3},              // code missing inside
      {"\x12\xFF\xFF\xFF\xFF\x0F", 6},  // payload of 4 GiB
      {"\x00", 1},
  };
  for (const absl::string_view message : messages) {
    EXPECT_EQ(DecodeResponse(message).status().code(), absl::StatusCode::kInternal);
    testing::CheckResponseAgainstOracle(message);
  }
}

TEST(ResponseEnvelope, StatusesAreMerged) {
  std::string first;
  AppendVarintField(1, 5, &first);
  AppendBytesField(2, "kept", &first);
  std::string second;
  AppendVarintField(1, 6, &second);
  std::string message;
  AppendBytesField(1, first, &message);
  AppendBytesField(1, second, &message);
  const absl::StatusOr<ResponseEnvelope> decoded = DecodeResponse(message);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->code, 6);
  EXPECT_EQ(decoded->message, "kept");
  testing::CheckResponseAgainstOracle(message);
}

}  // namespace
}  // namespace ttrpc
