// SPDX-License-Identifier: Apache-2.0
#include "ttrpc/frame.h"

#include <boost/endian/conversion.hpp>

namespace ttrpc {
namespace {

unsigned char* Bytes(char* text) { return reinterpret_cast<unsigned char*>(text); }
const unsigned char* Bytes(const char* text) {
  return reinterpret_cast<const unsigned char*>(text);
}

}  // namespace

void EncodeFrameHeader(const FrameHeader& header, char* out) {
  boost::endian::store_big_u32(Bytes(out), header.length);
  boost::endian::store_big_u32(Bytes(out + 4), header.stream);
  Bytes(out)[8] = header.type;
  Bytes(out)[9] = header.flags;
}

FrameHeader DecodeFrameHeader(const char* in) {
  return {.length = boost::endian::load_big_u32(Bytes(in)),
          .stream = boost::endian::load_big_u32(Bytes(in + 4)),
          .type = Bytes(in)[8],
          .flags = Bytes(in)[9]};
}

}  // namespace ttrpc
