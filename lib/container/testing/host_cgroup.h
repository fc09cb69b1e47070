// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "container/cgroup.h"

namespace container::testing {

// A fresh cgroup of the same name in some v1 controllers of this machine, removed (with the
// processes left in it killed) by the destructor. Failing at either fails the running test.
class HostCgroup {
 public:
  // Errors say what is missing (root, cgroup v1, a controller), fit for a skip.
  static absl::StatusOr<HostCgroup> Create(const std::vector<std::string>& controllers);
  HostCgroup(HostCgroup&& other) noexcept;
  HostCgroup& operator=(HostCgroup&&) = delete;
  ~HostCgroup();

  [[nodiscard]] const Cgroup& cgroup() const { return cgroup_; }
  void Add(pid_t pid);
  void Set(absl::string_view controller, absl::string_view file, absl::string_view text);
  // Returns once everything in it is frozen.
  void Freeze();
  // Returns once no process, not even a zombie, is left in it.
  void AwaitEmpty();

 private:
  HostCgroup() = default;
  Cgroup cgroup_;
};

}  // namespace container::testing
