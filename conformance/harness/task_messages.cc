// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/task_messages.h"

#include <chrono>

#include "containerd/timestamps.h"

namespace conformance {

TaskStatus ToTaskStatus(containerd::types::Status status) {
  switch (status) {
    case containerd::types::CREATED:
      return TaskStatus::kCreated;
    case containerd::types::RUNNING:
      return TaskStatus::kRunning;
    case containerd::types::STOPPED:
      return TaskStatus::kStopped;
    case containerd::types::PAUSED:
      return TaskStatus::kPaused;
    case containerd::types::PAUSING:
      return TaskStatus::kPausing;
    default:
      return TaskStatus::kUnknown;
  }
}

std::int64_t UnixNanoseconds(const google::protobuf::Timestamp& timestamp) {
  const auto time = containerd::FromTimestamp(timestamp);
  if (!time) return 0;
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time->time_since_epoch()).count();
}

}  // namespace conformance
