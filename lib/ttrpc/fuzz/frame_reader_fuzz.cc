// SPDX-License-Identifier: Apache-2.0
// The same frames come out whether the bytes arrive at once or in pieces, and they are what was
// sent.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "ttrpc/frame_reader.h"
#include "ttrpc/testing/frames.h"

namespace {

struct Output {
  std::string bytes;  // all frames again, as they were taken
  bool oversized = false;
};

Output Read(absl::string_view bytes, std::size_t chunk) {
  ttrpc::FrameReader reader;
  Output output;
  ttrpc::testing::Feed(reader, bytes, chunk, [&] {
    while (const auto frame = reader.Next()) {
      char header[ttrpc::kFrameHeaderBytes];
      ttrpc::EncodeFrameHeader(frame->header, header);
      output.bytes.append(header, sizeof(header));
      output.bytes.append(frame->data.data(), frame->data.size());
      output.oversized |= frame->oversized;
    }
    if (reader.capacity() > 2 * bytes.size() + ttrpc::kReadBufferKeepBytes) std::abort();
  });
  return output;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const absl::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Output whole = Read(bytes, bytes.size());
  const Output pieces = Read(bytes, data[0] + 1u);
  if (whole.bytes != pieces.bytes || whole.oversized != pieces.oversized) std::abort();
  // Only discarded data and a frame not yet complete are missing.
  if (!whole.oversized && bytes.substr(0, whole.bytes.size()) != whole.bytes) std::abort();
  return 0;
}
