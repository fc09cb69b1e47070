// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/frame.h"

#include <gtest/gtest.h>

#include <string>

namespace ttrpc {
namespace {

// TT-01: ten bytes, big-endian, in this order.
TEST(FrameHeader, LayoutIsThatOfTheProtocol) {
  char bytes[kFrameHeaderBytes];
  EncodeFrameHeader({.length = 0x01020304, .stream = 0xA1B2C3D4, .type = 3, .flags = 5}, bytes);
  EXPECT_EQ(std::string(bytes, sizeof(bytes)),
            std::string("\x01\x02\x03\x04\xA1\xB2\xC3\xD4\x03\x05"));
}

TEST(FrameHeader, DecodesWhatItEncodes) {
  const FrameHeader headers[] = {
      {},
      {.length = 1, .stream = 1, .type = kFrameRequest},
      {.length = kFrameDataBytesMax, .stream = 0x7FFFFFFF, .type = kFrameResponse},
      {.length = 0xFFFFFFFF, .stream = 0xFFFFFFFF, .type = 0xFF, .flags = 0xFF},
      {.stream = 0x80000000, .type = kFrameData, .flags = kFlagRemoteClosed | kFlagNoData},
  };
  for (const FrameHeader& header : headers) {
    char bytes[kFrameHeaderBytes];
    EncodeFrameHeader(header, bytes);
    EXPECT_EQ(DecodeFrameHeader(bytes), header);
  }
}

}  // namespace
}  // namespace ttrpc
