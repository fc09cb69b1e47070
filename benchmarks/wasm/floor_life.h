// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <sys/types.h>

#include <string>

#include "base/spawn.h"
#include "base/unique_fd.h"
#include "benchmarks/tasks/place.h"
#include "benchmarks/tasks/task_life.h"
#include "container/cgroup.h"

namespace benchmarks::wasm {

// The floor program (floor_main.cc) in the container of tasks::ContainerSpec(), made by nobody but
// this process: what no shim, no engine and no protocol can save.
class FloorLife {
 public:
  struct Order {
    std::string program;
    std::string id;
    bool mounts = true;
  };

  // Borrowed.
  FloorLife(const tasks::Place& place, const container::CgroupMounts& mounts, Order order);
  // Kills what still runs, and removes its cgroup.
  ~FloorLife();
  FloorLife(const FloorLife&) = delete;
  FloorLife& operator=(const FloorLife&) = delete;

  // The steps of a task, in their order. Create in two: many can be begun before the first is
  // awaited.
  absl::Status BeginCreate();
  absl::Status AwaitCreated();
  absl::Status Start();
  absl::Status AwaitExit();
  absl::Status Delete();
  absl::Status Run();

  [[nodiscard]] const tasks::TaskTimes& times() const { return times_; }
  [[nodiscard]] pid_t pid() const { return child_.pid; }

 private:
  const tasks::Place& place_;
  const container::CgroupMounts& mounts_;
  Order order_;
  container::Cgroup cgroup_;
  base::UniqueFd control_;
  base::Child child_;
  tasks::TaskTimes times_;
};

}  // namespace benchmarks::wasm
