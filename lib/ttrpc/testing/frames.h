// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "ttrpc/envelope.h"
#include "ttrpc/frame.h"
#include "ttrpc/output_queue.h"

namespace ttrpc::testing {

// Bytes of whole frames, for tests that speak raw ttrpc.
std::string RawFrame(std::uint32_t stream, std::uint8_t type, absl::string_view data,
                     std::uint8_t flags = 0);
std::string RequestFrame(std::uint32_t stream, const RequestEnvelope& request,
                         std::uint8_t flags = 0);
std::string ResponseFrame(std::uint32_t stream, const ResponseEnvelope& response);
// A header that announces `length` bytes, which do not follow.
std::string HeaderOnly(std::uint32_t length, std::uint32_t stream, std::uint8_t type);

// A frame that owns its data.
struct OwnedFrame {
  FrameHeader header;
  std::string data;
  friend bool operator==(const OwnedFrame&, const OwnedFrame&) = default;
};

// Cuts `bytes` into frames by the length fields alone. A last frame cut short is left out.
std::vector<OwnedFrame> SplitFrames(absl::string_view bytes);

// A response frame, decoded. An undecodable one, or a frame of another type, has code -1.
struct Answer {
  std::uint32_t stream = 0;
  std::int32_t code = 0;
  std::string message;
  std::string payload;
  friend bool operator==(const Answer&, const Answer&) = default;
};
Answer ToAnswer(const OwnedFrame& frame);

// Everything queued, taken out as one string; taken out as decoded answers.
std::string TakeBytes(OutputQueue& output);
std::vector<Answer> TakeAnswers(OutputQueue& output);

// Hands `bytes` to a FrameReader or session, `chunk` bytes at a time, and runs `drain` after each.
template <typename Receiver, typename Drain>
void Feed(Receiver& receiver, absl::string_view bytes, std::size_t chunk, Drain drain) {
  while (!bytes.empty()) {
    const auto space = receiver.Prepare();
    const std::size_t count = std::min({space.size(), bytes.size(), chunk});
    std::memcpy(space.data(), bytes.data(), count);
    receiver.Commit(count);
    bytes.remove_prefix(count);
    drain();
  }
}

}  // namespace ttrpc::testing
