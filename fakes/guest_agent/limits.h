// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace fakes {

// Data of one ReadStdout or ReadStderr, whatever the caller asks for.
inline constexpr std::size_t kGuestReadBytesMax = 1U << 20;

// WriteStdin data of one process that its pipe has not taken yet.
inline constexpr std::size_t kGuestStdinBytesMax = 8U << 20;

// Reads of one stream that wait at the same time.
inline constexpr std::size_t kGuestReadsMax = 64;

// How long output is awaited that a process may have left in its pipe (kata.md §4.3).
inline constexpr std::chrono::milliseconds kGuestDrain{500};

// Freezing: how long, and how often the kernel is asked, since version 1 tells nobody.
inline constexpr std::chrono::milliseconds kGuestFreezeTimeout{2000};
inline constexpr std::chrono::milliseconds kGuestFreezeLook{1};

// Without a limit of the caller's, how long RemoveContainer waits for processes to end.
inline constexpr std::chrono::seconds kGuestRemoveTimeout{60};

// What GuestCleaner gives each dying process, and how often it looks for more.
inline constexpr int kGuestCleanMs = 5000;
inline constexpr int kGuestCleanPasses = 16;

// Until the kernel of a machine has a disk that was just plugged.
inline constexpr std::chrono::milliseconds kGuestDiskTimeout{10000};

inline constexpr std::size_t kGuestContainersMax = 4096;
inline constexpr std::size_t kGuestIdBytesMax = 256;

// What GetGuestDetails says of memory: a block of the size that Linux has on x86-64.
inline constexpr std::uint64_t kGuestMemoryBlockBytes = 128U << 20;

inline constexpr std::int64_t kGuestFileBytesMax = std::int64_t{1} << 30;  // of CopyFile

}  // namespace fakes
