// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/history_story.h"
#include "conformance/harness/verdict.h"

namespace conformance {

// The rules that hold for every run of every check, whatever it is about (architecture, law 9):
//   envelopes are acceptable, typed and in their namespace        EVT-02, EVT-04, EVT-05
//   one event per occurrence, none for what did not happen        EVT-03, EVT-21, EVT-22
//   create < start < exit < delete, exec-added < -started < exit  EVT-20
//   nothing about a process after its delete                      EVT-20
//   one pid per process                                           TASK-05
//   Wait, State, Delete and the events agree on how it ended      TASK-07
// They say nothing where the contract leaves freedom: events of a disturbed sink (EVT-44, EVT-45),
// the order around Delete of a created task (EVT-26), delete events of execs (EVT-13), processes
// whose shim died, ids that lived more than once, calls whose outcome is unknown. Findings are
// ordered by importance, each broken rule and process once, at most kFindingsMax.
std::vector<Why> JudgeHistory(const Story& story);

inline constexpr std::size_t kFindingsMax = 8;

// Events that must have been sent by now and have not arrived, e.g. "/tasks/exit of c1". What
// clean-up waits for before it ends a shim. Empty for a disturbed sink.
std::vector<std::string> OwedEvents(const Story& story);

}  // namespace conformance
