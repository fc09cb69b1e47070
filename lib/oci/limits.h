// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace oci {

// How deep arrays and objects of one text may nest. A config.json has about eight levels.
inline constexpr std::size_t kJsonNestingMax = 128;

// A config.json or process document that is read at most.
inline constexpr std::size_t kJsonBytesMax = 16u << 20;

}  // namespace oci
