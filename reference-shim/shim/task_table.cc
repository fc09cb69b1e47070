// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/task_table.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "reference-shim/shim/limits.h"

namespace shim {

absl::StatusOr<Task*> TaskTable::FindAny(const std::string& id) const {
  const auto found = tasks_.find(id);
  if (found != tasks_.end()) return found->second.get();
  return absl::NotFoundError(absl::StrCat("container ", id, " not found"));
}

absl::StatusOr<Task*> TaskTable::Find(const std::string& id) const {
  const absl::StatusOr<Task*> task = FindAny(id);
  if (task.ok() && !(*task)->created()) {
    return absl::NotFoundError(absl::StrCat("container ", id, " is not created yet"));
  }
  return task;
}

absl::StatusOr<Task*> TaskTable::Add(std::unique_ptr<Task> task) {
  const std::string id = task->id();
  if (tasks_.contains(id)) {
    return absl::AlreadyExistsError(absl::StrCat("container ", id, " already exists"));
  }
  if (tasks_.size() >= kTasksMax) return absl::ResourceExhaustedError("too many containers");
  return tasks_.emplace(id, std::move(task)).first->second.get();
}

void TaskTable::Remove(const std::string& id) {
  const auto node = tasks_.extract(id);
  if (node.empty()) return;
  node.mapped()->CancelWaiting(absl::NotFoundError(absl::StrCat("container ", id, " not found")));
}

bool TaskTable::all_deleting() const {
  return std::all_of(tasks_.begin(), tasks_.end(),
                     [](const auto& entry) { return entry.second->deleting(); });
}

void TaskTable::ForEach(const std::function<void(Task&)>& visit) const {
  for (const auto& [id, task] : tasks_) visit(*task);
}

}  // namespace shim
