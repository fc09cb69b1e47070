// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ttrpc/reply.h"

namespace ttrpc {

// The two messages that frames carry, in protobuf wire format. Views are borrowed: from the frame
// when decoded, from the caller when to be encoded.
//
// Decoding accepts what protobuf accepts for these messages: unknown fields are skipped, the last
// of a repeated scalar wins, strings must be UTF-8. Encoding writes fields in ascending order and
// leaves empty ones out, as protobuf does.

// ttrpc Request: service 1, method 2, payload 3, timeout_nano 4, metadata 5 {key 1, value 2}
// (TT-11).
struct RequestEnvelope {
  absl::string_view service;  // "containerd.task.v3.Task" (TT-13)
  absl::string_view method;   // "Create"
  absl::string_view payload;
  std::int64_t timeout_nano = 0;  // 0: no limit (TT-18)
  std::vector<Metadata> metadata;
};

// ttrpc Response: status 1 (google.rpc.Status {code 1, message 2, details 3}), payload 2 (TT-12).
struct ResponseEnvelope {
  std::int32_t code = 0;  // 0, or no status at all: success
  absl::string_view message;
  std::vector<absl::string_view> details;  // serialized google.protobuf.Any
  absl::string_view payload;
};

// INVALID_ARGUMENT when undecodable (TT-15); RESOURCE_EXHAUSTED beyond kMetadataEntriesMax.
absl::StatusOr<RequestEnvelope> DecodeRequest(absl::string_view data);
// INTERNAL when undecodable.
absl::StatusOr<ResponseEnvelope> DecodeResponse(absl::string_view data);

std::string EncodeRequest(const RequestEnvelope& request);
std::string EncodeResponse(const ResponseEnvelope& response);

// The same in pieces, to send a payload without copying it: head, payload, tail make the message.
void AppendRequestHead(const RequestEnvelope& request, std::string* out);
void AppendRequestTail(const RequestEnvelope& request, std::string* out);
// `payload` is only measured. A response has no tail.
void AppendResponseHead(const ResponseEnvelope& response, std::string* out);

// Bytes of the encoded message, payload included.
std::size_t RequestBytes(const RequestEnvelope& request);

}  // namespace ttrpc
