// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

namespace fakes {

// Output of a shim's command that is read at most.
inline constexpr std::size_t kCommandOutputBytesMax = 16U << 20;

// After the shim's daemon has ended: for what is still on its way.
inline constexpr std::chrono::seconds kRelayLastWords{5};

// A sink's socket exists from bind(2) on, but listens only a moment later.
inline constexpr std::chrono::milliseconds kSinkListenPause{1};
inline constexpr int kSinkListenTries = 50;

// What a call or an event of our own making may take.
inline constexpr std::chrono::seconds kOwnCallTimeout{5};

// Connections that may wait to be accepted.
inline constexpr int kRelayBacklog = 4096;

}  // namespace fakes
