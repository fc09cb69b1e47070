// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <cstddef>
#include <cstdint>

#include "ttrpc/limits.h"

namespace ttrpc {

// Frame types (TT-02). A peer may send any other value; such frames are ignored.
inline constexpr std::uint8_t kFrameRequest = 1;
inline constexpr std::uint8_t kFrameResponse = 2;
inline constexpr std::uint8_t kFrameData = 3;

// Flags (TT-03): of requests and data, of requests, of data. Unary calls carry none.
inline constexpr std::uint8_t kFlagRemoteClosed = 1;
inline constexpr std::uint8_t kFlagRemoteOpen = 2;
inline constexpr std::uint8_t kFlagNoData = 4;

// What precedes the data of every frame: ten bytes, big-endian (TT-01).
struct FrameHeader {
  std::uint32_t length = 0;  // bytes of data that follow
  std::uint32_t stream = 0;
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

// Writes kFrameHeaderBytes at `out`.
void EncodeFrameHeader(const FrameHeader& header, char* out);

// Reads kFrameHeaderBytes at `in`. Every ten bytes are some header.
FrameHeader DecodeFrameHeader(const char* in);

// One received frame. `data` is borrowed from the reader. A frame longer than kFrameDataBytesMax
// is `oversized`: its data was discarded and `data` is empty (TT-04).
struct Frame {
  FrameHeader header;
  absl::string_view data;
  bool oversized = false;
};

}  // namespace ttrpc
