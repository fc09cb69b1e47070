// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/types/span.h>

#include <cstdint>
#include <optional>
#include <string>

#include "ttrpc/frame.h"

namespace fakes {

// Cuts a byte stream into frames and loses nothing: unlike ttrpc::FrameReader it also hands on what
// no peer may send.
class FrameSplitter {
 public:
  struct Piece {
    // Absent: `bytes` are as they came, a part of a frame that is too long.
    std::optional<ttrpc::FrameHeader> header;
    std::optional<ttrpc::FrameHeader> oversized;  // `bytes` are this header of such a frame
    std::string bytes;                            // of a frame: its data
  };

  // Where the next bytes go.
  absl::Span<char> Prepare();
  void Commit(std::size_t bytes);
  // The next piece that is complete.
  std::optional<Piece> Next();
  // What is left at the end of the stream.
  std::string TakeRest() { return std::move(buffer_); }

 private:
  std::string buffer_;
  std::string incoming_;
  std::uint64_t pass_ = 0;  // bytes of an oversized frame still to come
};

// The bytes of a frame, whose length is that of `data` whatever the header says.
std::string JoinFrame(ttrpc::FrameHeader header, const std::string& data);

}  // namespace fakes
