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

}  // namespace container
