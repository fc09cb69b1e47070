// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>

namespace containerd {

// Namespaces and ids (FLAG-07).
inline constexpr std::size_t kIdentifierBytesMax = 76;

// stdin of `start` that is read at most (STDIN-08).
inline constexpr std::size_t kStartInputBytesMax = 10u << 20;

// A socket path, without its terminating zero (SOCK-05), and the directory a daemon may ask for
// (STDIN-10).
inline constexpr std::size_t kSocketPathBytesMax = 106;
inline constexpr std::size_t kSocketDirBytesMax = 42;

// Publishing of events (EVT-41, EVT-42).
inline constexpr std::size_t kEventQueueMax = 2048;
inline constexpr std::chrono::milliseconds kForwardTimeout{5000};
inline constexpr std::chrono::milliseconds kConnectTimeout{5000};
inline constexpr std::chrono::milliseconds kConnectPauseMin{5};
inline constexpr std::chrono::milliseconds kConnectPauseMax{100};
inline constexpr std::array<std::chrono::milliseconds, 5> kRetryPauses = {
    std::chrono::seconds{1}, std::chrono::seconds{2}, std::chrono::seconds{3},
    std::chrono::seconds{4}, std::chrono::seconds{5}};

}  // namespace containerd
