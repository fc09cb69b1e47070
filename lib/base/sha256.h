// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace base {

// FIPS 180-4 SHA-256, piece by piece. For names and for telling whether a file is what it was,
// hence not hardened against timing.
class Sha256Stream {
 public:
  void Add(absl::string_view data);
  // Of everything added. The stream is used up.
  std::array<std::uint8_t, 32> Finish();
  // The same as 64 lower-case hexadecimal digits.
  std::string FinishHex();

 private:
  static constexpr std::size_t kBlockBytes = 64;

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<char, kBlockBytes> partial_{};  // the first partial_bytes_ of it
  std::size_t partial_bytes_ = 0;
  std::uint64_t bytes_ = 0;
};

// All at once.
std::array<std::uint8_t, 32> Sha256(absl::string_view data);
std::string Sha256Hex(absl::string_view data);

}  // namespace base
