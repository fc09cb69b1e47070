// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/stdio.h"
#include "reference-shim/shim/task_context.h"
#include "task/v3/task.pb.h"

namespace shim {

// What a successful Create has made.
struct CreatedTask {
  std::unique_ptr<Stdio> stdio;
  std::unique_ptr<Workload> workload;
  bool rootfs_mounted = false;
  bool private_pid_namespace = false;
  IoOwner io_owner;
};

// One Create under way: read the spec, mount the root file system, open the stdio, have the backend
// make the container. A failure undoes what was done before it is reported (CREATE-11, CREATE-13).
// Each step has a limit of its own (kRootfsTimeout, kLoggerReadyTimeout, the backend's).
class TaskCreation {
 public:
  // `on_exit` and `on_oom` go to the backend as they are.
  TaskCreation(const TaskContext& context, containerd::task::v3::CreateTaskRequest request,
               ExitCallback on_exit, std::function<void()> on_oom);
  TaskCreation(const TaskCreation&) = delete;
  TaskCreation& operator=(const TaskCreation&) = delete;

  // Call once. `done` may destroy this; it is not called after destruction.
  void Run(Done<CreatedTask> done);

 private:
  enum class Step { kReadSpec, kMountRootfs, kOpenStdio, kCreateWorkload };

  void Advance(Step step);
  void Continue(Step next, const absl::Status& status);
  void ReadSpec();
  void MountRootfs();
  void OpenStdio();
  void CreateWorkload();
  void Undo(const absl::Status& why);

  const TaskContext& context_;
  containerd::task::v3::CreateTaskRequest request_;
  ExitCallback on_exit_;
  std::function<void()> on_oom_;
  CreateSpec create_;
  CreatedTask made_;
  Done<CreatedTask> done_;
  CallbackGuard guard_;
};

}  // namespace shim
