// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/event_queue.h"

#include "containerd/timestamps.h"
#include "events/task.pb.h"

namespace shim {

namespace events = containerd::events;

void EventQueue::Send(const containerd::Topic& topic, const google::protobuf::MessageLite& event) {
  publish_(topic.name, topic.type_name, event.SerializeAsString());
}

void EventQueue::Created(const containerd::task::v3::CreateTaskRequest& request, pid_t pid) {
  events::TaskCreate event;
  event.set_container_id(request.id());
  event.set_bundle(request.bundle());
  *event.mutable_rootfs() = request.rootfs();
  event.mutable_io()->set_stdin(request.stdin());
  event.mutable_io()->set_stdout(request.stdout());
  event.mutable_io()->set_stderr(request.stderr());
  event.mutable_io()->set_terminal(request.terminal());
  event.set_checkpoint(request.checkpoint());
  event.set_pid(static_cast<std::uint32_t>(pid));
  Send(containerd::kTaskCreateTopic, event);
}

void EventQueue::Started(const std::string& container_id, pid_t pid) {
  events::TaskStart event;
  event.set_container_id(container_id);
  event.set_pid(static_cast<std::uint32_t>(pid));
  Send(containerd::kTaskStartTopic, event);
}

void EventQueue::ExecAdded(const std::string& container_id, const std::string& exec_id) {
  events::TaskExecAdded event;
  event.set_container_id(container_id);
  event.set_exec_id(exec_id);
  Send(containerd::kTaskExecAddedTopic, event);
}

void EventQueue::ExecStarted(const std::string& container_id, const std::string& exec_id,
                             pid_t pid) {
  events::TaskExecStarted event;
  event.set_container_id(container_id);
  event.set_exec_id(exec_id);
  event.set_pid(static_cast<std::uint32_t>(pid));
  Send(containerd::kTaskExecStartedTopic, event);
}

void EventQueue::Exited(const std::string& container_id, const std::string& process_id,
                        const ProcessExit& exit) {
  events::TaskExit event;
  event.set_container_id(container_id);
  event.set_id(process_id);
  event.set_pid(static_cast<std::uint32_t>(exit.pid));
  event.set_exit_status(exit.status);
  *event.mutable_exited_at() = containerd::ToTimestamp(exit.at);
  Send(containerd::kTaskExitTopic, event);
}

void EventQueue::Deleted(const std::string& container_id, const std::string& exec_id, pid_t pid,
                         const std::optional<ProcessExit>& exit) {
  events::TaskDelete event;
  event.set_container_id(container_id);
  event.set_id(exec_id);
  event.set_pid(static_cast<std::uint32_t>(pid));
  if (exit) {
    event.set_exit_status(exit->status);
    *event.mutable_exited_at() = containerd::ToTimestamp(exit->at);
  }
  Send(containerd::kTaskDeleteTopic, event);
}

void EventQueue::OutOfMemory(const std::string& container_id) {
  events::TaskOOM event;
  event.set_container_id(container_id);
  Send(containerd::kTaskOomTopic, event);
}

void EventQueue::Paused(const std::string& container_id) {
  events::TaskPaused event;
  event.set_container_id(container_id);
  Send(containerd::kTaskPausedTopic, event);
}

void EventQueue::Resumed(const std::string& container_id) {
  events::TaskResumed event;
  event.set_container_id(container_id);
  Send(containerd::kTaskResumedTopic, event);
}

void EventQueue::Checkpointed(const std::string& container_id, const std::string& path) {
  events::TaskCheckpointed event;
  event.set_container_id(container_id);
  event.set_checkpoint(path);
  Send(containerd::kTaskCheckpointedTopic, event);
}

}  // namespace shim
