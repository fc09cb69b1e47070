// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/envelope.h"

#include <absl/strings/str_cat.h>

#include "ttrpc/limits.h"
#include "ttrpc/wire_format.h"

namespace ttrpc {
namespace {

constexpr std::uint32_t kService = 1;
constexpr std::uint32_t kMethod = 2;
constexpr std::uint32_t kPayload = 3;
constexpr std::uint32_t kTimeoutNano = 4;
constexpr std::uint32_t kMetadata = 5;
constexpr std::uint32_t kKey = 1;
constexpr std::uint32_t kValue = 2;
constexpr std::uint32_t kStatus = 1;
constexpr std::uint32_t kResponsePayload = 2;
constexpr std::uint32_t kCode = 1;
constexpr std::uint32_t kMessage = 2;
constexpr std::uint32_t kDetails = 3;

bool ReadMetadata(absl::string_view data, Metadata* entry) {
  WireReader reader(data);
  absl::string_view key;
  absl::string_view value;
  while (const std::uint32_t tag = reader.NextTag()) {
    const bool ok = tag == BytesTag(kKey)     ? reader.ReadUtf8(&key)
                    : tag == BytesTag(kValue) ? reader.ReadUtf8(&value)
                                              : reader.Skip(tag);
    if (!ok) return false;
  }
  entry->key.assign(key.data(), key.size());
  entry->value.assign(value.data(), value.size());
  return reader.Finished();
}

bool ReadRequestField(std::uint32_t tag, WireReader& reader, RequestEnvelope* request) {
  switch (tag) {
    case BytesTag(kService):
      return reader.ReadUtf8(&request->service);
    case BytesTag(kMethod):
      return reader.ReadUtf8(&request->method);
    case BytesTag(kPayload):
      return reader.ReadBytes(&request->payload);
    case VarintTag(kTimeoutNano): {
      std::uint64_t value = 0;
      if (!reader.ReadVarint(&value)) return false;
      request->timeout_nano = static_cast<std::int64_t>(value);
      return true;
    }
    case BytesTag(kMetadata): {
      absl::string_view entry;
      return reader.ReadBytes(&entry) && ReadMetadata(entry, &request->metadata.emplace_back());
    }
    default:
      return reader.Skip(tag);
  }
}

// A message field that occurs twice is merged, hence `response` is not cleared here.
bool ReadStatus(absl::string_view data, ResponseEnvelope* response) {
  WireReader reader(data);
  while (const std::uint32_t tag = reader.NextTag()) {
    bool ok = false;
    if (tag == VarintTag(kCode)) {
      std::uint64_t value = 0;
      ok = reader.ReadVarint(&value);
      response->code = static_cast<std::int32_t>(value);
    } else if (tag == BytesTag(kMessage)) {
      ok = reader.ReadUtf8(&response->message);
    } else if (tag == BytesTag(kDetails)) {
      ok = reader.ReadBytes(&response->details.emplace_back());
    } else {
      ok = reader.Skip(tag);
    }
    if (!ok) return false;
  }
  return reader.Finished();
}

void AppendNonEmpty(std::uint32_t field, absl::string_view value, std::string* out) {
  if (!value.empty()) AppendBytesField(field, value, out);
}

std::size_t NonEmptyBytes(absl::string_view value) {
  return value.empty() ? 0 : BytesFieldBytes(value.size());
}

std::size_t EntryBytes(const Metadata& entry) {
  return NonEmptyBytes(entry.key) + NonEmptyBytes(entry.value);
}

}  // namespace

absl::StatusOr<RequestEnvelope> DecodeRequest(absl::string_view data) {
  RequestEnvelope request;
  WireReader reader(data);
  while (const std::uint32_t tag = reader.NextTag()) {
    if (!ReadRequestField(tag, reader, &request)) {
      return absl::InvalidArgumentError("ttrpc: undecodable request envelope");
    }
    if (request.metadata.size() > kMetadataEntriesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("ttrpc: more than ", kMetadataEntriesMax, " metadata entries"));
    }
  }
  if (!reader.Finished()) {
    return absl::InvalidArgumentError("ttrpc: undecodable request envelope");
  }
  return request;
}

absl::StatusOr<ResponseEnvelope> DecodeResponse(absl::string_view data) {
  ResponseEnvelope response;
  WireReader reader(data);
  bool ok = true;
  while (ok) {
    const std::uint32_t tag = reader.NextTag();
    if (tag == 0) break;
    if (tag == BytesTag(kStatus)) {
      absl::string_view status;
      ok = reader.ReadBytes(&status) && ReadStatus(status, &response);
    } else if (tag == BytesTag(kResponsePayload)) {
      ok = reader.ReadBytes(&response.payload);
    } else {
      ok = reader.Skip(tag);
    }
  }
  if (!ok || !reader.Finished()) return absl::InternalError("ttrpc: undecodable response envelope");
  return response;
}

void AppendRequestHead(const RequestEnvelope& request, std::string* out) {
  AppendNonEmpty(kService, request.service, out);
  AppendNonEmpty(kMethod, request.method, out);
  if (!request.payload.empty()) AppendBytesHead(kPayload, request.payload.size(), out);
}

void AppendRequestTail(const RequestEnvelope& request, std::string* out) {
  if (request.timeout_nano != 0) {
    AppendVarintField(kTimeoutNano, static_cast<std::uint64_t>(request.timeout_nano), out);
  }
  for (const Metadata& entry : request.metadata) {
    AppendBytesHead(kMetadata, EntryBytes(entry), out);
    AppendNonEmpty(kKey, entry.key, out);
    AppendNonEmpty(kValue, entry.value, out);
  }
}

void AppendResponseHead(const ResponseEnvelope& response, std::string* out) {
  if (response.code != 0 || !response.message.empty() || !response.details.empty()) {
    std::string status;
    if (response.code != 0) {
      // int32 is sign-extended on the wire.
      AppendVarintField(kCode, static_cast<std::uint64_t>(std::int64_t{response.code}), &status);
    }
    AppendNonEmpty(kMessage, response.message, &status);
    for (const absl::string_view detail : response.details) {
      AppendBytesField(kDetails, detail, &status);
    }
    AppendBytesField(kStatus, status, out);
  }
  if (!response.payload.empty()) AppendBytesHead(kResponsePayload, response.payload.size(), out);
}

std::string EncodeRequest(const RequestEnvelope& request) {
  std::string out;
  out.reserve(RequestBytes(request));
  AppendRequestHead(request, &out);
  out.append(request.payload.data(), request.payload.size());
  AppendRequestTail(request, &out);
  return out;
}

std::string EncodeResponse(const ResponseEnvelope& response) {
  std::string out;
  AppendResponseHead(response, &out);
  out.append(response.payload.data(), response.payload.size());
  return out;
}

std::size_t RequestBytes(const RequestEnvelope& request) {
  std::size_t bytes = NonEmptyBytes(request.service) + NonEmptyBytes(request.method) +
                      NonEmptyBytes(request.payload);
  if (request.timeout_nano != 0) {
    bytes += 1 + VarintBytes(static_cast<std::uint64_t>(request.timeout_nano));
  }
  for (const Metadata& entry : request.metadata) bytes += BytesFieldBytes(EntryBytes(entry));
  return bytes;
}

}  // namespace ttrpc
