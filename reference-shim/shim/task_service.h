// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/empty.pb.h"
#include "reference-shim/shim/memory_trimmer.h"
#include "reference-shim/shim/sandbox_gate.h"
#include "reference-shim/shim/task_context.h"
#include "reference-shim/shim/task_sweep.h"
#include "reference-shim/shim/task_table.h"
#include "task/v3/task.ttrpc.h"

namespace shim {

// The 17 calls of contract 4 on the tasks of this daemon: refuses what is malformed or what the
// backend is not capable of, finds the task, answers. Bound twice, as Task v2 and v3.
class TaskService final : public containerd::task::v3::TaskService {
 public:
  // `context` is borrowed. `shut_down` runs once, when the daemon has to end (SHUT-02); it calls
  // AnswerShutdown when everything but the answers is done.
  TaskService(const TaskContext& context, std::function<void()> shut_down);

  [[nodiscard]] bool idle() const { return tasks_.empty(); }
  // From now on Create is refused (UNAVAILABLE).
  void Close() { closed_ = true; }
  // Answers the calls of Shutdown that have ended the daemon.
  void AnswerShutdown();
  // One log line per process (SIGUSR1).
  void Dump() const;

  // `gate` is borrowed, and asked from now on.
  void ObeySandbox(const SandboxGate& gate) { gate_ = &gate; }
  // All tasks at once; see TaskSweep.
  TaskSweep& sweep() { return sweep_; }
  // The shim has to end, whatever there is.
  void ShutDown();
  // A burst of work has ended.
  void TrimMemory() { trimmer_.Schedule(); }

  void Create(const containerd::task::v3::CreateTaskRequest& request, const ttrpc::CallInfo& call,
              ttrpc::Reply<containerd::task::v3::CreateTaskResponse> reply) override;
  void Start(const containerd::task::v3::StartRequest& request, const ttrpc::CallInfo& call,
             ttrpc::Reply<containerd::task::v3::StartResponse> reply) override;
  void State(const containerd::task::v3::StateRequest& request, const ttrpc::CallInfo& call,
             ttrpc::Reply<containerd::task::v3::StateResponse> reply) override;
  void Delete(const containerd::task::v3::DeleteRequest& request, const ttrpc::CallInfo& call,
              ttrpc::Reply<containerd::task::v3::DeleteResponse> reply) override;
  void Pids(const containerd::task::v3::PidsRequest& request, const ttrpc::CallInfo& call,
            ttrpc::Reply<containerd::task::v3::PidsResponse> reply) override;
  void Pause(const containerd::task::v3::PauseRequest& request, const ttrpc::CallInfo& call,
             ttrpc::Reply<google::protobuf::Empty> reply) override;
  void Resume(const containerd::task::v3::ResumeRequest& request, const ttrpc::CallInfo& call,
              ttrpc::Reply<google::protobuf::Empty> reply) override;
  void Checkpoint(const containerd::task::v3::CheckpointTaskRequest& request,
                  const ttrpc::CallInfo& call,
                  ttrpc::Reply<google::protobuf::Empty> reply) override;
  void Kill(const containerd::task::v3::KillRequest& request, const ttrpc::CallInfo& call,
            ttrpc::Reply<google::protobuf::Empty> reply) override;
  void Exec(const containerd::task::v3::ExecProcessRequest& request, const ttrpc::CallInfo& call,
            ttrpc::Reply<google::protobuf::Empty> reply) override;
  void ResizePty(const containerd::task::v3::ResizePtyRequest& request, const ttrpc::CallInfo& call,
                 ttrpc::Reply<google::protobuf::Empty> reply) override;
  void CloseIO(const containerd::task::v3::CloseIORequest& request, const ttrpc::CallInfo& call,
               ttrpc::Reply<google::protobuf::Empty> reply) override;
  void Update(const containerd::task::v3::UpdateTaskRequest& request, const ttrpc::CallInfo& call,
              ttrpc::Reply<google::protobuf::Empty> reply) override;
  void Wait(const containerd::task::v3::WaitRequest& request, const ttrpc::CallInfo& call,
            ttrpc::Reply<containerd::task::v3::WaitResponse> reply) override;
  void Stats(const containerd::task::v3::StatsRequest& request, const ttrpc::CallInfo& call,
             ttrpc::Reply<containerd::task::v3::StatsResponse> reply) override;
  void Connect(const containerd::task::v3::ConnectRequest& request, const ttrpc::CallInfo& call,
               ttrpc::Reply<containerd::task::v3::ConnectResponse> reply) override;
  void Shutdown(const containerd::task::v3::ShutdownRequest& request, const ttrpc::CallInfo& call,
                ttrpc::Reply<google::protobuf::Empty> reply) override;

 private:
  absl::Status CheckCreate(const containerd::task::v3::CreateTaskRequest& request) const;
  // Forgets a task that was deleted or never came to be.
  void Remove(const std::string& id);
  // A task that came to be when its sandbox had been stopped already.
  void KillStray(const std::string& id);

  const TaskContext& context_;
  const Capabilities capabilities_;
  std::function<void()> shut_down_;
  bool closed_ = false;
  // Shutdown came while the last tasks were being deleted: it is done when they are gone.
  bool shutdown_wanted_ = false;
  std::vector<ttrpc::Reply<google::protobuf::Empty>> shutdown_replies_;
  MemoryTrimmer trimmer_;
  TaskTable tasks_;
  TaskSweep sweep_;
  const SandboxGate* gate_ = nullptr;
};

}  // namespace shim
