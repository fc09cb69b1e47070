// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <array>
#include <cstdint>
#include <string>

namespace containerd {

// FIPS 180-4 SHA-256. Only for socket names (SOCK-01), hence not hardened against timing.
std::array<std::uint8_t, 32> Sha256(absl::string_view data);

// The same as 64 lower-case hexadecimal digits.
std::string Sha256Hex(absl::string_view data);

}  // namespace containerd
