// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/output_queue.h"

#include <algorithm>
#include <utility>

namespace ttrpc {
namespace {

// Room for this many pieces is kept when the queue runs empty.
constexpr std::size_t kPiecesKeep = 64;

}  // namespace

void OutputQueue::Push(std::string piece) {
  if (piece.empty()) return;
  bytes_ += piece.size();
  pieces_.push_back(std::move(piece));
}

std::size_t OutputQueue::Gather(absl::Span<iovec> out) const {
  const std::size_t count = std::min(out.size(), pieces_.size() - first_);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& piece = pieces_[first_ + i];
    const std::size_t skip = i == 0 ? offset_ : 0;
    out[i] = {const_cast<char*>(piece.data()) + skip, piece.size() - skip};
  }
  return count;
}

void OutputQueue::Consume(std::size_t bytes) {
  bytes_ -= bytes;
  if (bytes_ == 0) return Clear();
  offset_ += bytes;
  while (offset_ >= pieces_[first_].size()) {
    offset_ -= pieces_[first_].size();
    std::string().swap(pieces_[first_++]);
  }
  // A queue that never runs empty must not keep the places of what it has sent.
  if (first_ >= kPiecesKeep && first_ * 2 >= pieces_.size()) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void OutputQueue::Clear() {
  pieces_.clear();
  if (pieces_.capacity() > kPiecesKeep) pieces_.shrink_to_fit();
  first_ = offset_ = bytes_ = 0;
}

}  // namespace ttrpc
