// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "conformance/checks/lifecycle.h"

namespace conformance {
namespace {

using ::testing::ElementsAreArray;

// Contract §4.2: its calls and the states a task can be held in. A call or state added there
// without a cell here fails; so does a cell nobody planned.
std::set<std::string> PlannedCells() {
  std::set<std::string> ids;
  for (const char* call :
       {"create", "start", "pause", "resume", "kill", "kill-all", "exec", "delete", "update",
        "checkpoint", "pids", "stats", "resize-pty", "close-io", "wait", "connect", "shutdown"}) {
    for (const char* state : {"created", "running", "paused", "stopped"}) {
      ids.insert(absl::StrCat("lifecycle/", call, "-in-", state, "-state"));
    }
  }
  // Once each in the other version of the service.
  for (const std::string& cell : std::set<std::string>(ids)) {
    if (absl::EndsWith(cell, "-in-running-state")) {
      ids.insert(absl::StrCat(cell, "-over-the-other-task-version"));
    }
  }
  ids.erase("lifecycle/start-in-created-state");       // lifecycle/start-runs-the-created-process
  ids.erase("lifecycle/checkpoint-in-running-state");  // attempted: the engine's business
  ids.erase("lifecycle/checkpoint-in-running-state-over-the-other-task-version");
  ids.erase("lifecycle/checkpoint-in-paused-state");
  ids.insert("lifecycle/calls-on-an-absent-task-are-not-found");
  ids.insert("lifecycle/calls-on-a-deleted-task-are-not-found");
  return ids;
}

TEST(LifecycleMatrix, EveryCallInEveryStateIsOneCheck) {
  std::vector<Check> checks;
  AddStateMatrix(checks);
  std::set<std::string> ids;
  for (const Check& check : checks) {
    EXPECT_TRUE(ids.insert(check.id).second) << check.id << " is there twice";
    EXPECT_FALSE(check.requirements.empty()) << check.id;
    EXPECT_TRUE(check.run != nullptr) << check.id;
  }
  EXPECT_THAT(ids, ElementsAreArray(PlannedCells()));
}

TEST(LifecycleMatrix, CellsOfAPausedTaskNeedPause) {
  std::vector<Check> checks;
  AddStateMatrix(checks);
  int paused = 0;
  for (const Check& check : checks) {
    if (check.id.find("-in-paused-state") == std::string::npos) continue;
    EXPECT_NE(check.needs & ToNeeds(Need::kPause), 0u) << check.id;
    ++paused;
  }
  EXPECT_EQ(paused, 16);
}

}  // namespace
}  // namespace conformance
