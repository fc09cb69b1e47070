// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "reference-shim/shim/task.h"

namespace shim {

// The tasks of one shim by container id (TASK-04), those being created or deleted included.
class TaskTable {
 public:
  TaskTable() = default;
  TaskTable(const TaskTable&) = delete;
  TaskTable& operator=(const TaskTable&) = delete;

  // NOT_FOUND also while the task is being created (TASK-01).
  [[nodiscard]] absl::StatusOr<Task*> Find(const std::string& id) const;
  // The same, but finds a task being created as well: what Delete has to wait for.
  [[nodiscard]] absl::StatusOr<Task*> FindAny(const std::string& id) const;

  // ALREADY_EXISTS, and the existing task is left alone (CREATE-09); RESOURCE_EXHAUSTED beyond
  // kTasksMax. The result stays valid until Remove.
  absl::StatusOr<Task*> Add(std::unique_ptr<Task> task);

  // Calls still waiting for this task's turn are answered NOT_FOUND.
  void Remove(const std::string& id);

  [[nodiscard]] std::size_t size() const { return tasks_.size(); }
  [[nodiscard]] bool empty() const { return tasks_.empty(); }
  // Nobody but Delete calls under way will ever touch what is left.
  [[nodiscard]] bool all_deleting() const;
  void ForEach(const std::function<void(Task&)>& visit) const;

 private:
  std::map<std::string, std::unique_ptr<Task>> tasks_;
};

}  // namespace shim
