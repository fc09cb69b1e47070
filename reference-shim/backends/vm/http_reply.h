// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <optional>
#include <string>

namespace backends {

// What an HTTP server has answered.
struct HttpReply {
  int status = 0;
  std::string body;
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

// Reads one HTTP/1.x response from bytes that come in any portions (F5): with or without a reason
// phrase, a length or a body; header names in any case; lines ended by CRLF or LF; a body in
// chunks; interim responses (1xx) are skipped. Not understood: other transfer codings.
class HttpReplyParser {
 public:
  // True once the response is complete; nothing may be added then. INVALID_ARGUMENT for what is no
  // HTTP, RESOURCE_EXHAUSTED beyond kHttpHeaderBytesMax and kHttpBodyBytesMax, UNIMPLEMENTED.
  absl::StatusOr<bool> Add(absl::string_view bytes);
  // The connection has ended. UNAVAILABLE unless that completes the response.
  absl::Status End() const;

  [[nodiscard]] const HttpReply& reply() const { return reply_; }

 private:
  absl::StatusOr<bool> ParseHead();
  absl::Status ParseStatusLine(absl::string_view line);
  absl::Status ParseHeader(absl::string_view line);
  absl::StatusOr<bool> TakeBody();
  absl::StatusOr<bool> TakeChunks();
  // What comes next in a body of chunks.
  enum class Chunk { kSize, kData, kEnd, kTrailer };
  absl::Status BeginChunk(absl::string_view line);

  std::string pending_;
  bool has_head_ = false;
  std::optional<std::size_t> length_;
  bool chunked_ = false;
  Chunk chunk_ = Chunk::kSize;
  std::size_t chunk_left_ = 0;  // bytes of this chunk that are still to come
  HttpReply reply_;
};

}  // namespace backends
