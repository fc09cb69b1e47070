// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace container {

// mount(2) hands one page of data to the file system, the terminating NUL included.
inline constexpr std::size_t kMountDataBytesMax = 4095;

// How often UnmountAll reads the mount table anew for mounts that appeared meanwhile.
inline constexpr int kUnmountPassesMax = 8;

// How often SignalAll lists a cgroup anew for processes forked meanwhile.
inline constexpr int kSignalPassesMax = 64;

// How much of what a failing hook says is reported.
inline constexpr std::size_t kHookStderrBytesMax = 4096;

// One message between the first process of a container and whoever makes it.
inline constexpr std::size_t kSyncMessageBytesMax = 16384;

// How often the processes of a container without cgroup are listed anew for those forked meanwhile.
inline constexpr int kTreePassesMax = 64;

}  // namespace container
