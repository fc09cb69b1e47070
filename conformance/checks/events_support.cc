// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/events_support.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

namespace conformance {

bool HasTopic(const Event& event, const std::string& name) {
  return event.topic == absl::StrCat("/tasks/", name);
}

long Count(const std::vector<Event>& events, const std::string& name) {
  return std::count_if(events.begin(), events.end(),
                       [&](const Event& event) { return HasTopic(event, name); });
}

std::vector<Event> UntilDeleted(CheckContext& check, const std::string& id) {
  return ForContainer(check.AwaitEvents([&](const std::vector<Event>& events) {
    return Count(ForContainer(events, id), "delete") > 0;
  }),
                      id);
}

std::vector<Event> UntilTopic(CheckContext& check, const std::string& id,
                              const std::string& exec_id, const std::string& name, long count) {
  return ForProcess(check.AwaitEvents([&](const std::vector<Event>& events) {
    return Count(ForProcess(events, id, exec_id), name) >= count;
  }),
                    id, exec_id);
}

Event Only(CheckContext& check, const std::vector<Event>& events, const std::string& name) {
  check.ASSERT_THAT(Count(events, name), ::testing::Eq(1L),
                    {.text = absl::StrCat("events /tasks/", name),
                     .code = Count(events, name) == 0 ? why::kEventMissing : why::kEventDuplicate,
                     .requirement = "EVT-03"});
  return *std::find_if(events.begin(), events.end(),
                       [&](const Event& event) { return HasTopic(event, name); });
}

ExitInfo EndAndDelete(CheckContext& check, const Task& task) {
  check.Require(task.Wait());
  return check.Require(task.Delete());
}

}  // namespace conformance
