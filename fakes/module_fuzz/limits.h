// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace fakes {

// A seed may be this large: a compiler takes a second for it.
inline constexpr std::size_t kSeedBytesMax = 2U << 20;
// Any call; Create compiles, on a machine that may do much else.
inline constexpr std::chrono::seconds kCallLimit{90};
// What a guest gets before it is killed, and what its end may take then.
inline constexpr std::chrono::milliseconds kGuestTime{250};
inline constexpr std::chrono::seconds kKillLimit{20};
// What leaves by itself has this long to do so.
inline constexpr std::chrono::milliseconds kLeaveTime{5000};
inline constexpr std::int64_t kGuestMemoryBytes = 128 << 20;
// Between two looks at what is left.
inline constexpr std::uint64_t kTasksPerLook = 50;
// How much larger than at its begin a shim may become.
inline constexpr std::size_t kDescriptorsMore = 8;
inline constexpr std::uint64_t kResidentKibMore = 32 * 1024;

}  // namespace fakes
