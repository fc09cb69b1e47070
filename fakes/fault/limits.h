// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace fakes {

// A faults.json, its journal and its record of calls.
inline constexpr std::size_t kFaultFileBytesMax = 16U << 20;
inline constexpr std::size_t kFaultRulesMax = 1000;

// What one flood writes at most.
inline constexpr std::uint32_t kFloodBytesMax = 1U << 30;

// How long a fault may make a call wait by `ms`.
inline constexpr std::uint32_t kFaultMsMax = 600 * 1000;

}  // namespace fakes
