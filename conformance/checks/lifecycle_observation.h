// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "conformance/harness/check_context.h"

namespace conformance {

// What a client can see of a task at one moment. Two equal views mean that nothing happened to it.
struct TaskView {
  TaskStatus status = TaskStatus::kUnknown;
  std::uint32_t pid = 0;
  std::uint32_t exit_status = 0;
  std::int64_t exited_at_ns = 0;
  std::size_t mounts = 0;     // at or below the bundle
  bool process_gone = false;  // by pidfd, independent of what the shim says
  friend bool operator==(const TaskView&, const TaskView&) = default;
};
void PrintTo(const TaskView& view, std::ostream* out);

// State must succeed, else the check ends.
TaskView Observe(CheckContext& check, const Task& task);

// Law 1: after a call that did nothing the shim still answers, and is the same process.
void ExpectAnswers(CheckContext& check, ShimUnderTest& shim);
// ExpectAnswers, and the task looks as it did.
void ExpectUnchanged(CheckContext& check, const Task& task, const TaskView& before,
                     const std::string& after_what);

// Brings the task to its end whatever its state (resume, SIGKILL, Wait), deletes it, and returns
// all events of its container once the one of its deletion has arrived. Events of one shim are
// delivered in turn, so nothing that any earlier call published is missing.
std::vector<Event> EndTask(CheckContext& check, const Task& task);
// The second half, for a task that has been deleted.
std::vector<Event> EventsOfDeleted(CheckContext& check, const Task& task);

// An error that says "not in this state": OK, "no such thing", "no such call" and what a dead
// connection says are none. FAILED_PRECONDITION says it best; which other is used is left open
// (contract §4.2).
::testing::Matcher<const absl::Status&> IsWrongState();

// Last part of each event's topic, in order of arrival.
std::vector<std::string> Topics(const std::vector<Event>& events);
// The topics seen more often than `allowed` lists them: what nobody asked for.
std::vector<std::string> SurplusTopics(const std::vector<Event>& events,
                                       std::vector<std::string> allowed);

// Wall clock, nanoseconds since 1970, as exited_at counts.
std::int64_t UnixNow();

}  // namespace conformance
