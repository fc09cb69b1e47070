// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "base/unique_fd.h"

namespace base {

// A file as a block device, which goes when neither this nor a mount uses it any more.
struct LoopDevice {
  UniqueFd fd;
  std::string path;
};

absl::StatusOr<LoopDevice> AttachLoopDevice(const std::string& file, bool readonly);

}  // namespace base
