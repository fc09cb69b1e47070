// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "base/unique_fd.h"

namespace container {

// What the first process of a container, or one that comes later, is in the end: an executed
// program (program.h), or something that this very process goes on with. Calls in the order of
// declaration, each once.
class InitProgram {
 public:
  virtual ~InitProgram() = default;

  // Still outside, with all rights, the container's mounts made: opens what it shall have of them.
  // `root` is the container's root directory (O_PATH); a path below it is looked up by OpenBelow.
  virtual absl::Status Open(const base::UniqueFd& root) {
    (void)root;
    return absl::OkStatus();
  }

  // Inside, as the user: what can fail fails here, while the container is made. A seccomp filter is
  // in force already, unless the process has no_new_privs.
  virtual absl::Status Prepare() = 0;

  // Everything is as the program shall have it. Returns only on failure.
  virtual absl::Status Become() = 0;
};

}  // namespace container
