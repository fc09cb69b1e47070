// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/types/span.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "ttrpc/frame.h"

namespace ttrpc {

// Cuts a byte stream into frames. Does no I/O: the caller reads into Prepare(), says how much with
// Commit(), then takes frames until Next() has none. Frames are not copied out of the buffer.
// (Preparing with frames still untaken is allowed; the buffer then grows.)
//
// Memory: kReadBufferBytes when idle. The buffer of a larger frame grows with the bytes that have
// really arrived, at most to the size of that frame; oversized data is never kept.
class FrameReader {
 public:
  // Where the next bytes go, never empty. Invalidates the data of frames taken before.
  absl::Span<char> Prepare();

  // `bytes` of the prepared space were filled.
  void Commit(std::size_t bytes);

  // The next complete frame; an oversized one is reported as soon as its header is there.
  std::optional<Frame> Next();

  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] std::size_t WantedCapacity() const;
  void Discard();

  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;  // of what was received and not taken
  std::size_t end_ = 0;
  std::uint64_t skip_ = 0;  // bytes of an oversized frame still to be discarded
};

}  // namespace ttrpc
