// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <vector>

#include "base/unique_fd.h"
#include "container/cgroup.h"

namespace container {

// The way into a cgroup for a process of one thread that goes there itself, whatever namespaces and
// rights it has by then: opened by its maker. Join(), from outside, makes the kernel wait until all
// processors have seen it, which takes milliseconds for each hierarchy of version 1; a thread that
// moves itself does not.
class CgroupEntry {
 public:
  CgroupEntry() = default;  // leads nowhere: Enter() does nothing

  // NOT_FOUND if the cgroup does not exist; an empty Cgroup leads nowhere.
  static absl::StatusOr<CgroupEntry> Open(const Cgroup& cgroup);

  [[nodiscard]] absl::Status Enter() const;

 private:
  std::vector<base::UniqueFd> files_;
};

}  // namespace container
