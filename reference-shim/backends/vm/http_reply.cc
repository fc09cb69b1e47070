// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/http_reply.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/vm/limits.h"

namespace backends {
namespace {

constexpr std::size_t kQuotedBytesMax = 80;

absl::Status NoHttp(absl::string_view line) {
  return absl::InvalidArgumentError(
      absl::StrCat("no HTTP response: \"", line.substr(0, kQuotedBytesMax), "\""));
}

// The line that begins at `begin`, without its end, and where the next one begins; npos: it is not
// complete.
std::pair<absl::string_view, std::size_t> LineAt(absl::string_view text, std::size_t begin) {
  const std::size_t end = text.find('\n', begin);
  if (end == absl::string_view::npos) return {{}, end};
  absl::string_view line = text.substr(begin, end - begin);
  absl::ConsumeSuffix(&line, "\r");
  return {line, end + 1};
}

}  // namespace

absl::StatusOr<bool> HttpReplyParser::Add(absl::string_view bytes) {
  pending_.append(bytes.data(), bytes.size());
  while (!has_head_) {
    ASSIGN_OR_RETURN(const bool parsed, ParseHead());
    if (!parsed) return false;
  }
  return TakeBody();
}

absl::StatusOr<bool> HttpReplyParser::ParseHead() {
  std::size_t end = 0;
  for (bool first = true;; first = false) {
    const auto [line, next] = LineAt(pending_, end);
    if (next == absl::string_view::npos) break;
    end = next;
    if (!line.empty() || first) continue;
    const std::string head = pending_.substr(0, end);
    pending_.erase(0, end);
    auto [text, position] = LineAt(head, 0);
    RETURN_IF_ERROR(ParseStatusLine(text));
    length_.reset();
    chunked_ = false;
    for (std::tie(text, position) = LineAt(head, position); !text.empty();
         std::tie(text, position) = LineAt(head, position)) {
      RETURN_IF_ERROR(ParseHeader(text));
    }
    has_head_ = reply_.status >= 200;  // else an interim one
    return true;
  }
  if (pending_.size() > kHttpHeaderBytesMax) {
    return absl::ResourceExhaustedError("the headers of the HTTP response do not end");
  }
  return false;
}

absl::Status HttpReplyParser::ParseStatusLine(absl::string_view line) {
  absl::string_view rest = line;
  if (!absl::ConsumePrefix(&rest, "HTTP/1.") || rest.size() < 5 || rest[1] != ' ' ||
      (rest.size() > 5 && rest[5] != ' ') || !absl::SimpleAtoi(rest.substr(2, 3), &reply_.status) ||
      reply_.status < 100) {
    return NoHttp(line);
  }
  return absl::OkStatus();
}

absl::Status HttpReplyParser::ParseHeader(absl::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == absl::string_view::npos) return NoHttp(line);
  const absl::string_view name = line.substr(0, colon);
  const absl::string_view value = absl::StripAsciiWhitespace(line.substr(colon + 1));
  if (absl::EqualsIgnoreCase(name, "transfer-encoding")) {
    chunked_ = absl::EqualsIgnoreCase(value, "chunked");
    if (chunked_) return absl::OkStatus();
    return absl::UnimplementedError(absl::StrCat("HTTP response with transfer coding ", value));
  }
  if (!absl::EqualsIgnoreCase(name, "content-length")) return absl::OkStatus();
  std::size_t length = 0;
  if (!absl::SimpleAtoi(value, &length)) return NoHttp(line);
  if (length > kHttpBodyBytesMax) {
    return absl::ResourceExhaustedError(absl::StrCat("HTTP response of ", length, " bytes"));
  }
  length_ = length;
  return absl::OkStatus();
}

absl::StatusOr<bool> HttpReplyParser::TakeBody() {
  constexpr int kNoContent = 204;
  constexpr int kNotModified = 304;
  if (reply_.status == kNoContent || reply_.status == kNotModified) return true;
  if (chunked_) return TakeChunks();
  reply_.body += std::exchange(pending_, {});
  if (length_.has_value() && reply_.body.size() >= *length_) {
    reply_.body.resize(*length_);
    return true;
  }
  if (reply_.body.size() > kHttpBodyBytesMax) {
    return absl::ResourceExhaustedError("the HTTP response does not end");
  }
  return false;
}

absl::Status HttpReplyParser::BeginChunk(absl::string_view line) {
  const absl::string_view digits = absl::StripAsciiWhitespace(line.substr(0, line.find(';')));
  std::uint32_t size = 0;
  if (!absl::SimpleHexAtoi(digits, &size)) return NoHttp(line);
  if (size > kHttpBodyBytesMax - reply_.body.size()) {
    return absl::ResourceExhaustedError("the HTTP response does not end");
  }
  chunk_left_ = size;
  chunk_ = size == 0 ? Chunk::kTrailer : Chunk::kData;
  return absl::OkStatus();
}

absl::StatusOr<bool> HttpReplyParser::TakeChunks() {
  for (;;) {
    if (chunk_ == Chunk::kData) {
      const std::size_t taken = std::min(chunk_left_, pending_.size());
      reply_.body.append(pending_, 0, taken);
      pending_.erase(0, taken);
      chunk_left_ -= taken;
      if (chunk_left_ > 0) return false;
      chunk_ = Chunk::kEnd;
    }
    const auto [text, next] = LineAt(pending_, 0);
    if (next == absl::string_view::npos) {
      if (pending_.size() <= kHttpHeaderBytesMax) return false;
      return absl::ResourceExhaustedError("a line of the HTTP response does not end");
    }
    const std::string line(text);
    pending_.erase(0, next);
    if (chunk_ == Chunk::kTrailer) {
      if (line.empty()) return true;
    } else if (chunk_ == Chunk::kEnd) {
      if (!line.empty()) return NoHttp(line);
      chunk_ = Chunk::kSize;
    } else {
      RETURN_IF_ERROR(BeginChunk(line));
    }
  }
}

absl::Status HttpReplyParser::End() const {
  if (has_head_ && !length_.has_value() && !chunked_) return absl::OkStatus();
  return absl::UnavailableError("the connection ended within the HTTP response");
}

}  // namespace backends
