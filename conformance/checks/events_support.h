// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/check_context.h"

// What the checks of events share: waiting for events, and picking them.
namespace conformance {

// Whether the event's topic is "/tasks/<name>", and how many of `events` have it.
bool HasTopic(const Event& event, const std::string& name);
long Count(const std::vector<Event>& events, const std::string& name);

// All events of `id` once the one of its deletion is there, or the deadline has passed. Delivery is
// in turn (EVT-27), so none that was published earlier is missing.
std::vector<Event> UntilDeleted(CheckContext& check, const std::string& id);

// Events of one process until `count` of topic `name` have come, or the deadline.
std::vector<Event> UntilTopic(CheckContext& check, const std::string& id,
                              const std::string& exec_id, const std::string& name, long count = 1);

// The one event of this topic; ends the check when it is missing or not the only one.
Event Only(CheckContext& check, const std::vector<Event>& events, const std::string& name);

// Wait and Delete, both required to succeed; what Delete said.
ExitInfo EndAndDelete(CheckContext& check, const Task& task);

// The parts AddEventsChecks is made of, one per events_*.cc (contract §5).
void AddEventFieldChecks(std::vector<Check>& checks);     // §5.2: what events say
void AddEventDeliveryChecks(std::vector<Check>& checks);  // §5.4: to whom they get, and when

}  // namespace conformance
