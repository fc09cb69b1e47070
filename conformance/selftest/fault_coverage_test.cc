// SPDX-License-Identifier: Apache-2.0
// The law of the proof: a check lands with the fault that it kills.
#include <absl/strings/ascii.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <string>

#include "conformance/checks/all_checks.h"
#include "conformance/harness/profile.h"
#include "conformance/selftest/fault_rows.h"

namespace conformance {
namespace {

// The ids in unproven.txt: one a line, a reason behind a '#'.
std::set<std::string> Unproven() {
  std::ifstream file(SHIMGAUGE_UNPROVEN);
  EXPECT_TRUE(file.good()) << SHIMGAUGE_UNPROVEN;
  std::set<std::string> ids;
  for (std::string line; std::getline(file, line);) {
    const std::string id(absl::StripAsciiWhitespace(line.substr(0, line.find('#'))));
    if (id.empty()) continue;
    EXPECT_TRUE(ids.insert(id).second) << id << " twice";
  }
  return ids;
}

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

TEST(FaultCoverageTest, EveryCheckKillsAFaultOrIsListedAsUnproven) {
  const std::set<std::string> killers = Killers();
  const std::set<std::string> unproven = Unproven();
  std::set<std::string> ids;
  for (const Check& check : AllChecks()) {
    ids.insert(check.id);
    if (IsDouble(check)) continue;
    EXPECT_TRUE(killers.count(check.id) > 0 || unproven.count(check.id) > 0)
        << check.id << " is killed by no fault: add a row to fakes/fault/*_faults.cc";
    EXPECT_TRUE(killers.count(check.id) == 0 || unproven.count(check.id) == 0)
        << check.id << " has a fault now: strike it from conformance/selftest/unproven.txt";
  }
  for (const std::string& id : unproven) {
    EXPECT_EQ(ids.count(id), 1U) << id << " in unproven.txt is no check";
  }
}

}  // namespace
}  // namespace conformance
