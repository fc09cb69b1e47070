// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"
#include "reference-shim/shim/task_context.h"
#include "reference-shim/shim/task_table.h"

namespace shim {

// Ends all tasks of a shim, for the end of their sandbox. One thing at a time:
// FAILED_PRECONDITION while the last one is under way.
class TaskSweep {
 public:
  // All borrowed. `forget` is told the id of every task that was deleted.
  TaskSweep(const TaskContext& context, TaskTable& tasks,
            std::function<void(const std::string&)> forget);

  // Kills what runs; completes when the end of every task has been told, else DEADLINE_EXCEEDED.
  // Tasks that are being created do not count.
  void Stop(std::chrono::milliseconds within, Done<> done);
  // Deletes every task that has ended, those being created too.
  void Delete(std::chrono::milliseconds within, Done<> done);

 private:
  bool Begin(std::chrono::milliseconds within, Done<> done);
  std::function<void()> OneMore();
  void OneLess();
  void Finish(const absl::Status& status);

  TaskTable& tasks_;
  const std::function<void(const std::string&)> forget_;
  Done<> done_;
  std::size_t pending_ = 0;
  Deadline limit_;
  CallbackGuard guard_;
};

}  // namespace shim
