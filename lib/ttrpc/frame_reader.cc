// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/frame_reader.h"

#include <algorithm>
#include <cstring>

namespace ttrpc {

std::size_t FrameReader::WantedCapacity() const {
  if (skip_ > 0) return kReadBufferKeepBytes;
  std::size_t wanted = kReadBufferBytes;
  if (size() >= kFrameHeaderBytes) {
    const std::size_t frame = kFrameHeaderBytes + DecodeFrameHeader(buffer_.get() + begin_).length;
    wanted = std::max(wanted, std::min(frame, 2 * size()));
  }
  return wanted > size() ? wanted : 2 * size();
}

absl::Span<char> FrameReader::Prepare() {
  const std::size_t wanted = WantedCapacity();
  const bool shrink = size() == 0 && capacity_ > std::max(wanted, kReadBufferKeepBytes);
  if (capacity_ < wanted || shrink) {
    // Not make_unique: that would clear, and so touch, memory which is about to be overwritten.
    std::unique_ptr<char[]> grown(new char[wanted]);
    if (size() > 0) std::memcpy(grown.get(), buffer_.get() + begin_, size());
    buffer_ = std::move(grown);
    capacity_ = wanted;
  } else if (begin_ > 0 && size() > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, size());
  }
  end_ -= begin_;
  begin_ = 0;
  return {buffer_.get() + end_, capacity_ - end_};
}

void FrameReader::Commit(std::size_t bytes) {
  end_ += bytes;
  Discard();
}

void FrameReader::Discard() {
  const std::uint64_t dropped = std::min<std::uint64_t>(skip_, size());
  begin_ += static_cast<std::size_t>(dropped);
  skip_ -= dropped;
}

std::optional<Frame> FrameReader::Next() {
  if (size() < kFrameHeaderBytes) return std::nullopt;
  Frame frame{.header = DecodeFrameHeader(buffer_.get() + begin_)};
  if (frame.header.length > kFrameDataBytesMax) {
    frame.oversized = true;
    begin_ += kFrameHeaderBytes;
    skip_ = frame.header.length;
    Discard();
    return frame;
  }
  if (size() - kFrameHeaderBytes < frame.header.length) return std::nullopt;
  frame.data = {buffer_.get() + begin_ + kFrameHeaderBytes, frame.header.length};
  begin_ += kFrameHeaderBytes + frame.header.length;
  return frame;
}

}  // namespace ttrpc
