// SPDX-License-Identifier: Apache-2.0
// The law of the proof: a check lands with the fault that it kills.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "conformance/checks/all_checks.h"
#include "conformance/harness/profile.h"
#include "conformance/selftest/fault_rows.h"

namespace conformance {
namespace {

std::set<std::string> Killers() {
  std::set<std::string> ids;
  for (const FaultRow& row : AllFaultRows()) {
    for (const fakes::ExpectedKill& kill : row.fault->kills) ids.emplace(kill.check);
  }
  return ids;
}

TEST(FaultCoverageTest, TheTableIsSound) {
  for (const std::string& violation : FaultRowViolations(AllFaultRows(), AllChecks())) {
    ADD_FAILURE() << violation;
  }
}

TEST(FaultCoverageTest, ProfilesOfFaultsAreReadyMade) {
  std::size_t with_profile = 0;
  for (const FaultRow& row : AllFaultRows()) {
    if (row.fault->profile.empty()) continue;
    ++with_profile;
    const absl::StatusOr<Profile> profile = ReadProfile(std::string(row.fault->profile));
    EXPECT_TRUE(profile.ok()) << row.fault->name << ": " << profile.status();
  }
  EXPECT_GT(with_profile, 0u);
}

TEST(FaultCoverageTest, EveryCheckKillsAFault) {
  const std::set<std::string> killers = Killers();
  for (const Check& check : AllChecks()) {
    if (IsDouble(check)) continue;
    EXPECT_TRUE(killers.count(check.id) > 0)
        << check.id << " is killed by no fault: add a row to fakes/fault/*_faults.cc";
  }
}

}  // namespace
}  // namespace conformance
