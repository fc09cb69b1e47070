// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>

namespace stage {

// What a process that is about to read what a stranger wrote keeps.
struct Confinement {
  std::uint64_t memory_bytes_max = 0;  // of its address space; 0: as inherited
  std::uint64_t cpu_seconds_max = 0;   // 0: as inherited
  std::uint64_t file_bytes_max = 0;    // of each file it writes; 0: as inherited
  bool drop_user = false;              // root becomes nobody, without groups: all it needs is open
};

// Applies to the whole process, which has one thread. Limits only shrink; a write beyond the file
// limit fails with EFBIG. No core files, no new privileges. The network and System V IPC of the
// host go where the kernel allows it (not to a user without namespaces). An error: what was asked
// for and could not be done.
absl::Status Confine(const Confinement& confinement);

}  // namespace stage
