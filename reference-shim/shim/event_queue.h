// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>
#include <google/protobuf/message_lite.h>
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>

#include "containerd/topics.h"
#include "reference-shim/shim/exit_record.h"
#include "task/v3/task.pb.h"

namespace shim {

// The one place that words events (contract 5.2). Each function tells of something that has
// happened; nobody waits for delivery (EVT-28). Order of calls = order of events.
class EventQueue {
 public:
  // Takes one finished event: topic, bare message name, serialized message. In the daemon that is
  // containerd::EventPublisher::Publish.
  using Publish =
      std::function<void(absl::string_view topic, absl::string_view type_name, std::string event)>;
  explicit EventQueue(Publish publish) : publish_(std::move(publish)) {}

  void Created(const containerd::task::v3::CreateTaskRequest& request, pid_t pid);
  void Started(const std::string& container_id, pid_t pid);
  void ExecAdded(const std::string& container_id, const std::string& exec_id);
  void ExecStarted(const std::string& container_id, const std::string& exec_id, pid_t pid);
  // `process_id`: the container id for its init, else the exec id (EVT-11).
  void Exited(const std::string& container_id, const std::string& process_id,
              const ProcessExit& exit);
  // `exec_id` empty: the container itself (EVT-12, EVT-13). `exit` is nullopt if it never ran.
  void Deleted(const std::string& container_id, const std::string& exec_id, pid_t pid,
               const std::optional<ProcessExit>& exit);
  void OutOfMemory(const std::string& container_id);
  void Paused(const std::string& container_id);
  void Resumed(const std::string& container_id);
  void Checkpointed(const std::string& container_id, const std::string& path);

 private:
  void Send(const containerd::Topic& topic, const google::protobuf::MessageLite& event);

  Publish publish_;
};

}  // namespace shim
