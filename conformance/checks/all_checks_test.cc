// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/all_checks.h"

#include <absl/strings/ascii.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "conformance/harness/coverage.h"
#include "conformance/harness/names.h"

namespace conformance {
namespace {

bool IsWord(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return absl::ascii_islower(byte) || absl::ascii_isdigit(byte) || c == '-';
}

TEST(AllChecksTest, IdsAreUniqueAndWellFormed) {
  std::set<std::string> ids;
  for (const Check& check : AllChecks()) {
    EXPECT_TRUE(ids.insert(check.id).second) << check.id << " twice";
    const std::size_t slash = check.id.find('/');
    ASSERT_NE(slash, std::string::npos) << check.id;
    const std::string sentence = check.id.substr(slash + 1);
    EXPECT_TRUE(!sentence.empty() && std::all_of(sentence.begin(), sentence.end(), &IsWord))
        << check.id;
    EXPECT_TRUE(check.run != nullptr) << check.id;
  }
  EXPECT_GE(ids.size(), 150u);
}

TEST(AllChecksTest, AreasAreNotInterleaved) {
  std::set<std::string> finished;
  std::string area;
  for (const Check& check : AllChecks()) {
    if (AreaOf(check.id) == area) continue;
    EXPECT_TRUE(finished.insert(area).second) << area;
    area = AreaOf(check.id);
    EXPECT_EQ(finished.count(area), 0u) << area << " begins again at " << check.id;
  }
}

// The law of the catalogue: every requirement is judged by a check or says why none can, no reason
// stands beside a check, and no check cites what is not there.
TEST(AllChecksTest, TheCatalogueIsCovered) {
  const std::vector<Check> checks = AllChecks();
  for (const std::string& violation : Coverage(checks).Violations()) ADD_FAILURE() << violation;
}

}  // namespace
}  // namespace conformance
