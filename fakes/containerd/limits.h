// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

namespace fakes {

// One read from a pipe: its capacity, so that one read empties it.
inline constexpr std::size_t kPipeReadBytes = 64 * 1024;

// Reads one pipe may do in one turn of the loop, before other handlers get theirs.
inline constexpr int kPipeReadsPerTurnMax = 64;

// What is kept of one stream of a process. More is read and thrown away, so that a
// runaway writer costs neither memory nor a blocked shim.
inline constexpr std::size_t kCollectedBytesMax = 64u << 20;
// The same of a command of the shim, whose longest answer is a few hundred bytes.
inline constexpr std::size_t kCommandOutputBytesMax = 64u << 10;

// One line of a shim's log; a longer one is cut here and goes on as the next.
inline constexpr std::size_t kLogLineBytesMax = 16 * 1024;

// How long the output of a finished command may stay open before somebody is said to hold it
// (START-04).
inline constexpr std::chrono::milliseconds kEofGrace{1000};

// Connections waiting to be accepted by the event sink.
inline constexpr int kSinkBacklog = 128;

}  // namespace fakes
