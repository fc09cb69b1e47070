// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "conformance/harness/events.h"
#include "conformance/harness/task.h"

namespace conformance {

// What happened between containerd and shims in one run of a check, as values: the part of a
// history that can be judged. The time line of the report is text made from the same happenings.

// A process by the names calls use; `exec` is empty for the init.
struct ProcessKey {
  std::string container;
  std::string exec;
  friend bool operator==(const ProcessKey&, const ProcessKey&) = default;
  friend bool operator<(const ProcessKey& a, const ProcessKey& b) {
    return std::tie(a.container, a.exec) < std::tie(b.container, b.exec);
  }
};
// "c1", or "exec e1 of c1".
std::string ProcessName(const ProcessKey& key);

// One call of the Task service. Fields that the messages of its method do not have stay empty.
struct CallFact {
  std::string method;
  ProcessKey process;
  std::size_t connection = 0;  // which of the check's connections carried it
  std::int64_t sent_us = 0;
  std::int64_t replied_us = -1;                        // -1: never answered
  absl::StatusCode code = absl::StatusCode::kUnknown;  // meaningless while unanswered
  std::uint32_t pid = 0;                               // Connect: task_pid
  TaskStatus status = TaskStatus::kUnknown;            // State
  std::uint32_t exit_status = 0;
  std::int64_t exited_at_ns = 0;

  [[nodiscard]] bool answered() const { return replied_us >= 0; }
  [[nodiscard]] bool ok() const { return answered() && code == absl::StatusCode::kOk; }
  // Whether the shim carried it out is not known: no answer, or one that the connection made up.
  [[nodiscard]] bool uncertain() const;
};

struct EventFact {
  Event event;
  std::int64_t received_us = 0;
  absl::Status acceptance;  // of its envelope, by containerd's rules (EVT-02)
};

struct Story {
  std::vector<CallFact> calls;          // by time of sending
  std::vector<EventFact> events;        // by time of arrival
  std::set<std::string> namespaces;     // every -namespace a `start` of this check had
  std::set<std::size_t> lost_shims;     // connections whose daemon died other than by Shutdown
  std::set<std::string> outside_hands;  // containers on which `delete` was run while they existed
  bool sink_disturbed = false;          // the sink was not prompt all the time
};

// Fills in what `request` or `response` of a Task method say; undecodable ones say nothing. The
// messages of v2 and v3 are the same (contract 4.1).
void ReadRequest(absl::string_view method, absl::string_view request, CallFact& fact);
void ReadResponse(absl::string_view method, absl::string_view response, CallFact& fact);

// One process from its Create or Exec to its Delete, as the calls tell. Points into the story.
struct Life {
  ProcessKey process;
  const CallFact* made = nullptr;      // the Create or Exec that succeeded
  const CallFact* started = nullptr;   // the Start that succeeded
  const CallFact* deleted = nullptr;   // the Delete that succeeded
  const CallFact* waited = nullptr;    // the first Wait that succeeded
  bool start_uncertain = false;        // some Start may or may not have happened
  bool delete_uncertain = false;       // some Delete may or may not have happened
  bool forgotten = false;              // and the shim says that it has: it knows the task no more
  bool gone_with_init = false;         // an exec whose container was deleted
  std::vector<const CallFact*> calls;  // successful ones that name it, in order
  [[nodiscard]] bool over() const { return deleted != nullptr || gone_with_init; }
};
std::vector<Life> Lives(const Story& story);

// A container that exists in a shim as far as the calls tell: created, not deleted.
struct LiveTask {
  std::string id;
  std::size_t connection = 0;  // that created it
  bool waited = false;         // its exit is known
  std::vector<std::string> execs;
  friend bool operator==(const LiveTask&, const LiveTask&) = default;
};
// In order of creation; those of lost shims left out.
std::vector<LiveTask> LiveTasks(const Story& story);

}  // namespace conformance
