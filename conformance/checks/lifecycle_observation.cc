// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/lifecycle_observation.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ostream>

namespace conformance {

using ::testing::Eq;
using ::testing::Gt;

void PrintTo(const TaskView& view, std::ostream* out) {
  PrintTo(view.status, out);
  *out << " pid=" << view.pid << (view.process_gone ? " (gone)" : " (alive)")
       << " exit_status=" << view.exit_status << " exited_at=" << view.exited_at_ns
       << " mounts=" << view.mounts;
}

TaskView Observe(CheckContext& check, const Task& task) {
  const StateInfo state = check.Require(task.State());
  return {.status = state.status,
          .pid = state.pid,
          .exit_status = state.exit_status,
          .exited_at_ns = state.exited_at_ns,
          .mounts = check.World().MountsBelow(task.bundle().path).size(),
          .process_gone = task.ProcessGone()};
}

void ExpectAnswers(CheckContext& check, ShimUnderTest& shim) {
  const ConnectInfo info =
      check.Require(shim.Connect("no-such-task"), {.text = "the shim must answer after the call"});
  check.EXPECT_THAT(info.shim_pid, Eq(static_cast<std::uint32_t>(shim.pid())),
                    {.text = "the same daemon must answer after the call"});
}

void ExpectUnchanged(CheckContext& check, const Task& task, const TaskView& before,
                     const std::string& after_what) {
  ExpectAnswers(check, task.shim());
  check.EXPECT_THAT(Observe(check, task), Eq(before),
                    {.text = absl::StrCat("the task must be as it was before ", after_what),
                     .code = why::kStateWrong});
}

std::vector<Event> EndTask(CheckContext& check, const Task& task) {
  const TaskStatus status = Observe(check, task).status;
  if (status == TaskStatus::kPaused) check.Require(task.Resume());
  if (status != TaskStatus::kStopped) {
    // It may end by itself meanwhile, as one whose start has failed does.
    const absl::Status killed = task.Kill(SIGKILL);
    if (!absl::IsNotFound(killed) || !task.ProcessGone()) check.Require(killed);
    check.Require(task.Wait());
  }
  check.Require(task.Delete());
  return EventsOfDeleted(check, task);
}

std::vector<Event> EventsOfDeleted(CheckContext& check, const Task& task) {
  const auto is_its_end = [&](const Event& event) {
    return event.topic == "/tasks/delete" && event.container_id == task.id() &&
           event.process().empty();
  };
  const auto ended = [&](const std::vector<Event>& events) {
    return std::any_of(events.begin(), events.end(), is_its_end);
  };
  const std::vector<Event> events = check.AwaitEvents(ended);
  check.ASSERT_THAT(std::count_if(events.begin(), events.end(), is_its_end), Gt(0),
                    {.text = "the deletion of a task must be published",
                     .code = why::kEventMissing,
                     .requirement = "EVT-20"});
  return ForContainer(events, task.id());
}

::testing::Matcher<const absl::Status&> IsWrongState() {
  return ::testing::Not(HasCodeIn(
      {absl::StatusCode::kOk, absl::StatusCode::kNotFound, absl::StatusCode::kUnimplemented,
       absl::StatusCode::kDeadlineExceeded, absl::StatusCode::kUnavailable}));
}

std::vector<std::string> Topics(const std::vector<Event>& events) {
  std::vector<std::string> topics;
  topics.reserve(events.size());
  for (const Event& event : events) {
    topics.emplace_back(absl::StripPrefix(event.topic, "/tasks/"));
  }
  return topics;
}

std::vector<std::string> SurplusTopics(const std::vector<Event>& events,
                                       std::vector<std::string> allowed) {
  std::vector<std::string> surplus;
  for (std::string& topic : Topics(events)) {
    const auto found = std::find(allowed.begin(), allowed.end(), topic);
    if (found == allowed.end()) {
      surplus.push_back(std::move(topic));
    } else {
      allowed.erase(found);
    }
  }
  return surplus;
}

std::int64_t UnixNow() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace conformance
