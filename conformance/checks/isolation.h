// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/harness/check_context.h"

namespace conformance {

// Area "isolation" is a matrix: obstacles (something about one container is stuck) times groups of
// calls (which have to be served all the same). An obstacle is data:
struct Obstacle {
  // While it is stuck: `what` says so ("while Create of c2 is blocked"), `id` names the container.
  using During = std::function<void(const std::string& what, const std::string& id)>;

  std::string word;  // in ids: isolation/<word>-delays-no-call-of-others
  std::string area = "isolation";
  std::string requirement;  // in the headline, before those of the matrix; empty: none
  Needs needs = 0;
  std::vector<std::string> tags = {"matrix"};
  // Gets a container of the given shim stuck, calls `during`, sees to it that it was stuck all the
  // time, and lets it go on.
  std::function<void(CheckContext& check, ShimUnderTest& shim, const During& during)> obstruct;
};

// The rows of one obstacle: one for each group of calls.
void AddIsolationRows(std::vector<Check>& checks, const Obstacle& obstacle);
// Only that for the calls of others.
void AddIsolationRow(std::vector<Check>& checks, const Obstacle& obstacle);

// The same in a virtual machine, where the pid that the shim tells is not that of the process.
void AddGuestIsolationRows(std::vector<Check>& checks, const Obstacle& obstacle);
void AddGuestIsolationRow(std::vector<Check>& checks, const Obstacle& obstacle);

// The parts of the area that need the stand-in engine.
void AddEngineObstacles(std::vector<Check>& checks);      // verbs that are slow or hang
void AddEngineFailureChecks(std::vector<Check>& checks);  // verbs that fail, die or lie

}  // namespace conformance
