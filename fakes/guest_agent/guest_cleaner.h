// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <utility>

#include "base/child_reaper.h"
#include "base/unique_fd.h"
#include "container/cgroup.h"

namespace fakes {

// A process that survives the agent, should that be killed, and then removes the guest's cgroup
// with all below it: a machine that loses its power leaves nothing on its host.
class GuestCleaner {
 public:
  // `cgroup` need not exist yet. `reaper` is borrowed.
  static absl::StatusOr<std::unique_ptr<GuestCleaner>> Start(base::ChildReaper& reaper,
                                                             const container::Cgroup& cgroup);
  // There is nothing left to clean: ends it.
  ~GuestCleaner();
  GuestCleaner(const GuestCleaner&) = delete;
  GuestCleaner& operator=(const GuestCleaner&) = delete;

 private:
  GuestCleaner(pid_t pid, base::UniqueFd life) : pid_(pid), life_(std::move(life)) {}

  pid_t pid_;
  base::UniqueFd life_;  // closed when this process ends
  base::ChildReaper::Watch watch_;
  bool gone_ = false;
};

}  // namespace fakes
