// SPDX-License-Identifier: Apache-2.0
// A handshake's line is the same however it arrives, nothing behind it is taken, and a port that is
// read is the port that is written.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "vm/hybrid_vsock.h"

namespace {

struct Output {
  bool failed = false;
  bool complete = false;
  std::string text;
  std::size_t taken = 0;
};

Output Read(absl::string_view bytes, std::size_t piece) {
  vm::VsockLine line;
  Output output;
  while (!bytes.empty() && !line.complete()) {
    const absl::string_view part = bytes.substr(0, piece);
    const absl::StatusOr<std::size_t> taken = line.Add(part);
    if (!taken.ok()) {
      return {.failed = true};
    }
    if (!line.complete() && *taken != part.size()) std::abort();
    output.taken += *taken;
    bytes.remove_prefix(*taken);
  }
  output.complete = line.complete();
  output.text = line.text();
  return output;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const absl::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Output whole = Read(bytes, bytes.size());
  const Output pieces = Read(bytes, data[0] + 1u);
  if (whole.failed != pieces.failed || whole.complete != pieces.complete ||
      whole.text != pieces.text || whole.taken != pieces.taken) {
    std::abort();
  }
  if (whole.complete && bytes[whole.taken - 1] != '\n') std::abort();
  for (const auto parse : {&vm::ParseVsockConnect, &vm::ParseVsockOk}) {
    const absl::StatusOr<std::uint32_t> port = parse(whole.text);
    if (!port.ok()) continue;
    std::string again =
        parse == &vm::ParseVsockConnect ? vm::FormatVsockConnect(*port) : vm::FormatVsockOk(*port);
    again.pop_back();
    if (parse(again).value() != *port) std::abort();
  }
  return 0;
}
