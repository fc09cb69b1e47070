// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"
#include "reference-shim/shim/exec_process.h"
#include "reference-shim/shim/process.h"
#include "reference-shim/shim/task_context.h"
#include "reference-shim/shim/task_creation.h"
#include "reference-shim/shim/verb_queue.h"
#include "task/v3/task.pb.h"

namespace shim {

// One container and its execs: what is legal when (Lifecycle), in which order slow verbs run
// (VerbQueue), when exits are told (contract 5.3). Everywhere an empty `exec_id` names the init.
//
// Done callbacks come at once or later from the loop, exactly once while the task lives. Only the
// one of Delete may destroy the task.
class Task {
 public:
  // `context` is borrowed.
  Task(const TaskContext& context, const containerd::task::v3::CreateTaskRequest& request);
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // Makes the container and publishes its creation. Call once, first; completes with the init's pid
  // (0: CKPT-05). After a failure nothing is left and the task is to be destroyed.
  void Create(const containerd::task::v3::CreateTaskRequest& request, Done<pid_t> done);
  // False while Create is under way: such a task is NOT_FOUND for everything but Delete.
  [[nodiscard]] bool created() const { return created_; }
  // Told so by its client; nobody else will come for it.
  [[nodiscard]] bool deleting() const { return deletions_ > 0; }

  [[nodiscard]] const std::string& id() const { return init_.id(); }
  [[nodiscard]] pid_t pid() const { return init_.pid(); }
  // NOT_FOUND for an unknown exec (TASK-02).
  absl::StatusOr<Process*> FindProcess(const std::string& exec_id);

  void Start(const std::string& exec_id, Done<pid_t> done);
  // Registers an exec; nothing runs (EXEC-01).
  absl::Status AddExec(const containerd::task::v3::ExecProcessRequest& request);
  void Kill(const std::string& exec_id, int signo, bool all, Done<> done);
  void Pause(Done<> done);
  void Resume(Done<> done);
  void Update(std::string resources_json, Done<> done);
  void Checkpoint(CheckpointSpec spec, Done<> done);
  void Resize(const std::string& exec_id, WindowSize size, Done<> done);
  void Wait(const std::string& exec_id, WaitReply reply);

  // Host pids; with the exec id of those that belong to an exec (PIDS-03).
  using Pids = std::vector<std::pair<pid_t, std::string>>;
  void ListPids(Done<Pids> done);
  void Sample(Done<Opaque> done);
  absl::StatusOr<containerd::task::v3::StateResponse> State(const std::string& exec_id);
  // For the log: one line per process.
  [[nodiscard]] std::vector<std::string> Describe() const;

  // Removes the process, or with an empty exec_id the container with all that was made for it, and
  // publishes that. A failed Delete may be repeated (DELETE-10).
  void Delete(const std::string& exec_id, Done<containerd::task::v3::DeleteResponse> done);
  // For the task that Delete has just removed: answers what still waits for its turn.
  void CancelWaiting(const absl::Status& status) { verbs_.CancelWaiting(status); }

 private:
  using Turn = VerbQueue::Turn;
  using DeleteDone = Done<containerd::task::v3::DeleteResponse>;

  absl::StatusOr<ExecProcess*> FindExec(const std::string& exec_id);
  void OnCreated(absl::StatusOr<CreatedTask> made, Done<pid_t> done);
  void StartInit(Done<pid_t> done);
  void StartExec(const std::string& exec_id, Done<pid_t> done);
  // A verb of the whole container: waits for its turn, checks it against the table, makes `call`,
  // then moves on in the table and runs `succeeded`.
  void RunVerb(Verb verb, absl::AnyInvocable<void(Done<>)> call, std::function<void()> succeeded,
               Done<> done);

  void OnInitExit(const base::ExitStatus& status);
  void OnExecExit(ExecProcess& exec);
  void OnOutOfMemory();
  void SettleExit();
  void KillLeftovers();
  void AnnounceWhenSettled();
  void AnnounceExit();

  void DeleteInit(DeleteDone done);
  void DeleteExec(const std::string& exec_id, DeleteDone done);
  // The steps of deleting the container; each goes on to the next or ends with FinishDelete.
  void EndCreatedInit(DeleteDone done);
  void RemoveWorkload(DeleteDone done);
  void UnmountRootfs(DeleteDone done);
  void FinishDelete(DeleteDone done);

  const TaskContext& context_;
  std::string bundle_;
  Process init_;
  std::unique_ptr<TaskCreation> creation_;
  std::unique_ptr<Workload> workload_;  // null before Create and once Delete has removed it
  std::map<std::string, std::unique_ptr<ExecProcess>> execs_;
  VerbQueue verbs_;
  IoOwner io_owner_;
  bool created_ = false;
  bool rootfs_mounted_ = false;
  bool private_pid_namespace_ = false;
  bool starting_ = false;           // Start of the init is with the backend
  std::size_t execs_starting_ = 0;  // Starts of execs are with the backend
  bool pausing_ = false;
  int early_ooms_ = 0;  // before the container was announced
  std::optional<base::ExitStatus> init_ended_;
  bool leftovers_killed_ = false;
  int deletions_ = 0;  // calls of Delete for the container, waiting or running
  Deadline settle_limit_;
  Deadline killed_init_limit_;
  absl::AnyInvocable<void()> on_announced_;  // what a Delete under way waits for
  CallbackGuard guard_;
};

}  // namespace shim
