// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <array>

namespace containerd {

// One row of contract 5.2: a topic and the message it carries, by its bare full name (EVT-04).
struct Topic {
  absl::string_view name;
  absl::string_view type_name;
  friend bool operator==(const Topic&, const Topic&) = default;
};

inline constexpr Topic kTaskCreateTopic = {"/tasks/create", "containerd.events.TaskCreate"};
inline constexpr Topic kTaskStartTopic = {"/tasks/start", "containerd.events.TaskStart"};
inline constexpr Topic kTaskExitTopic = {"/tasks/exit", "containerd.events.TaskExit"};
inline constexpr Topic kTaskDeleteTopic = {"/tasks/delete", "containerd.events.TaskDelete"};
inline constexpr Topic kTaskExecAddedTopic = {"/tasks/exec-added",
                                              "containerd.events.TaskExecAdded"};
inline constexpr Topic kTaskExecStartedTopic = {"/tasks/exec-started",
                                                "containerd.events.TaskExecStarted"};
inline constexpr Topic kTaskOomTopic = {"/tasks/oom", "containerd.events.TaskOOM"};
inline constexpr Topic kTaskPausedTopic = {"/tasks/paused", "containerd.events.TaskPaused"};
inline constexpr Topic kTaskResumedTopic = {"/tasks/resumed", "containerd.events.TaskResumed"};
inline constexpr Topic kTaskCheckpointedTopic = {"/tasks/checkpointed",
                                                 "containerd.events.TaskCheckpointed"};

inline constexpr std::array<Topic, 10> kTaskTopics = {
    kTaskCreateTopic,    kTaskStartTopic,       kTaskExitTopic, kTaskDeleteTopic,
    kTaskExecAddedTopic, kTaskExecStartedTopic, kTaskOomTopic,  kTaskPausedTopic,
    kTaskResumedTopic,   kTaskCheckpointedTopic};

// The row of a topic name or of a message name; nullptr if there is none.
const Topic* FindTopicByName(absl::string_view name);
const Topic* FindTopicByType(absl::string_view type_name);

// What containerd demands of an envelope's topic (EVT-02): a leading '/', then at least one
// component, each a valid identifier.
absl::Status ValidateTopic(absl::string_view topic);

}  // namespace containerd
