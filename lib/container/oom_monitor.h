// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>

#include "base/unique_fd.h"
#include "container/cgroup.h"

namespace container {

// Tells of out-of-memory kills in one cgroup. v1: an eventfd on memory.oom_control; v2: inotify on
// memory.events. Both are compared with the kernel's own count of kills, so that none is missed and
// the signal that the kernel gives when the cgroup is removed is not taken for one.
class OomMonitor {
 public:
  // NOT_FOUND if the cgroup has no memory controller of its own. Without a descriptor to watch, of
  // which there may be no more, the monitor is made all the same.
  static absl::StatusOr<OomMonitor> Create(const Cgroup& cgroup);

  // Becomes readable when Take() may have something to say. Closed: there is nothing to watch, and
  // only calls of Take() tell.
  [[nodiscard]] const base::UniqueFd& fd() const { return fd_; }

  // OOM kills since the last call, at least one per kill; on v1 also an OOM whose victim has not
  // been counted yet, so that a kill may be told twice (EVT-30). Call it when fd() is readable and
  // once more after an exit (EVT-29); never blocks.
  std::uint64_t Take();

 private:
  OomMonitor(base::UniqueFd fd, std::string counter_file, bool counts_events)
      : fd_(std::move(fd)), counter_file_(std::move(counter_file)), v1_(counts_events) {}
  [[nodiscard]] absl::StatusOr<std::uint64_t> ReadKills() const;
  void Drain();

  base::UniqueFd fd_;
  std::string counter_file_;  // holds a line "oom_kill N"
  bool v1_ = false;
  std::uint64_t kills_before_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t told_ = 0;
};

}  // namespace container
