// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

namespace container {

// What mount(8)-style option words ask of mount(2).
struct MountOptions {
  unsigned long flags = 0;        // MS_* without propagation
  unsigned long propagation = 0;  // MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE, with MS_REC
                                  // for the r- forms; 0: leave it as it is
  std::vector<std::string> data;  // the rest, for the file system, in order
  friend bool operator==(const MountOptions&, const MountOptions&) = default;
};

// A later word undoes an earlier one ("ro", "rw"). INVALID_ARGUMENT, naming the word, for what is
// no option of mount(2): "loop", id maps, and instructions to containerd's own mount manager
// (X-containerd.*), which must not be handed to the file system as data.
absl::StatusOr<MountOptions> ParseMountOptions(const std::vector<std::string>& options);

}  // namespace container
