// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/frame_splitter.h"

#include <algorithm>
#include <utility>

#include "ttrpc/limits.h"

namespace fakes {

absl::Span<char> FrameSplitter::Prepare() {
  incoming_.resize(ttrpc::kReadBufferKeepBytes);
  return {incoming_.data(), incoming_.size()};
}

void FrameSplitter::Commit(std::size_t bytes) { buffer_.append(incoming_, 0, bytes); }

std::optional<FrameSplitter::Piece> FrameSplitter::Next() {
  Piece piece;
  if (pass_ > 0) {
    if (buffer_.empty()) return std::nullopt;
    const std::size_t bytes = std::min<std::uint64_t>(pass_, buffer_.size());
    piece.bytes = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    pass_ -= bytes;
    return piece;
  }
  if (buffer_.size() < ttrpc::kFrameHeaderBytes) return std::nullopt;
  const ttrpc::FrameHeader header = ttrpc::DecodeFrameHeader(buffer_.data());
  if (header.length > ttrpc::kFrameDataBytesMax) {
    piece.bytes = buffer_.substr(0, ttrpc::kFrameHeaderBytes);
    buffer_.erase(0, ttrpc::kFrameHeaderBytes);
    piece.oversized = header;
    pass_ = header.length;
    return piece;
  }
  const std::size_t bytes = ttrpc::kFrameHeaderBytes + header.length;
  if (buffer_.size() < bytes) return std::nullopt;
  piece.header = header;
  piece.bytes = buffer_.substr(ttrpc::kFrameHeaderBytes, header.length);
  buffer_.erase(0, bytes);
  return piece;
}

std::string JoinFrame(ttrpc::FrameHeader header, const std::string& data) {
  header.length = static_cast<std::uint32_t>(data.size());
  std::string frame(ttrpc::kFrameHeaderBytes, '\0');
  ttrpc::EncodeFrameHeader(header, frame.data());
  return frame + data;
}

}  // namespace fakes
