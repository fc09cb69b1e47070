// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/events.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock-matchers.h>

#include <algorithm>
#include <iterator>
#include <ostream>

namespace conformance {
namespace {

template <typename Predicate>
std::vector<Event> Where(const std::vector<Event>& events, Predicate predicate) {
  std::vector<Event> result;
  std::copy_if(events.begin(), events.end(), std::back_inserter(result), predicate);
  return result;
}

}  // namespace

std::string Event::process() const {
  if (!exec_id.empty()) return exec_id;
  return id == container_id ? "" : id;
}

void PrintTo(const Event& event, std::ostream* out) {
  *out << event.topic;
  if (!event.container_id.empty()) *out << " " << event.container_id;
  if (!event.process().empty()) *out << " process=" << event.process();
  if (event.pid != 0) *out << " pid=" << event.pid;
  const bool end = event.topic == "/tasks/exit" || event.topic == "/tasks/delete";
  if (end) *out << " status=" << event.exit_status;
  if (!event.decodable) *out << " (undecodable " << event.type_url << ")";
}

std::vector<Event> ForContainer(const std::vector<Event>& events, const std::string& container_id) {
  return Where(events, [&](const Event& event) { return event.container_id == container_id; });
}

std::vector<Event> ForProcess(const std::vector<Event>& events, const std::string& container_id,
                              const std::string& exec_id) {
  return Where(events, [&](const Event& event) {
    return event.container_id == container_id && event.process() == exec_id;
  });
}

::testing::Matcher<const Event&> Topic(const std::string& name) {
  return ::testing::Field("topic", &Event::topic, absl::StrCat("/tasks/", name));
}

}  // namespace conformance
