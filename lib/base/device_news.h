// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <chrono>

#include "base/unique_fd.h"

namespace base {

// News of devices, told by the kernel: where one is looked for and not found, it is worth looking
// again after each. Open it before the first look.
class DeviceNews {
 public:
  static absl::StatusOr<DeviceNews> Open();

  // Blocks. False: there were none until `limit`.
  [[nodiscard]] bool Await(std::chrono::steady_clock::time_point limit) const;

 private:
  UniqueFd socket_;
};

}  // namespace base
