// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "oci/spec.h"

// What a guest gets to see of its container's files.
namespace stage {

struct GuestDirectory {
  base::UniqueFd fd;       // O_PATH
  std::string guest_path;  // absolute
  bool writable = false;
};

// The root, and whatever is mounted on it with it: what is read-only there the kernel keeps so. If
// the root is read-only, the directories mounted to be written to come in addition. `root` is the
// container's (O_PATH).
absl::StatusOr<std::vector<GuestDirectory>> OpenGuestDirectories(const base::UniqueFd& root,
                                                                 const oci::Spec& spec);

// Where file systems of processes are mounted on or below `root`, as paths inside. They show the
// engine that runs the guest: through /proc/self/mem a guest could write to it, which no program
// that is executed gains anything by.
absl::StatusOr<std::vector<std::string>> FindProcessFileSystems(const base::UniqueFd& root);

}  // namespace stage
