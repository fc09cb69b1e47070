// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <climits>
#include <cstddef>

namespace base {

// One log line, newline included: what the kernel writes to a pipe in one piece.
inline constexpr std::size_t kLogLineBytesMax = PIPE_BUF;
// All Log::SetField() fields of one line together; a field beyond that is left out.
inline constexpr std::size_t kLogFieldsBytesMax = 1024;

// What Spawn() runs on between clone and execve. The code there nests three small frames deep.
inline constexpr std::size_t kSpawnStackBytes = 32 * 1024;

// What a process of RunInFork() may say about its failure: less than a pipe takes.
inline constexpr std::size_t kForkComplaintBytesMax = 16 * 1024;

// Children reaped in one turn of the loop before other handlers get theirs.
inline constexpr int kReapsPerTurnMax = 256;

// One file of /proc or /sys/fs/cgroup: cgroup.procs with every pid of a full pid space fits.
inline constexpr std::size_t kKernelFileBytesMax = 64U * 1024 * 1024;

}  // namespace base
