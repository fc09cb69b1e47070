// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every wait, buffer and amount of the module cache and of the compiler it runs.
namespace backends {

// A module as it comes from an image; its native code is up to three times as large.
inline constexpr std::uint64_t kModuleBytesMax = 256ULL << 20;
inline constexpr std::uint64_t kArtefactBytesMax = 1ULL << 30;
inline constexpr std::uint64_t kModuleCacheBytesMax = 2ULL << 30;

// One compiler: 20 MiB of code took 13 s of CPU time and 340 MiB. Wall time includes what others
// take.
inline constexpr std::chrono::milliseconds kCompileTimeout{180'000};
inline constexpr std::uint64_t kCompileCpuSecondsMax = 300;
inline constexpr std::uint64_t kCompileMemoryBytesMax = 4ULL << 30;
// Waiting for another shim that compiles the same module.
inline constexpr std::chrono::milliseconds kCompileWaitTimeout{2 * kCompileTimeout};
// Compilers of one shim at work together; further modules wait for their turn.
inline constexpr std::size_t kCompilersMax = 4;
// What the compiler may say.
inline constexpr std::size_t kCompilerOutputBytesMax = 16 * 1024;

// Read and hashed in one turn of the loop: 0.2 ms, or 2 ms on a CPU without instructions for it.
inline constexpr std::size_t kHashBytesPerTurn = 256 * 1024;
// A draft that is older was left by a shim that died.
inline constexpr std::int64_t kDraftSecondsMax = 3600;
// Digests remembered of files seen before.
inline constexpr std::size_t kDigestsRememberedMax = 4096;
// A file that changed less than this ago may change again without a new time stamp.
inline constexpr std::chrono::seconds kSettledAfter{2};

}  // namespace backends
