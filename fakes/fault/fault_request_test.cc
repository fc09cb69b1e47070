// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/fault_request.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <string>

#include "base/testing/temp_dir.h"

namespace fakes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr KnownFaultSeam kSeams[] = {KnownFaultSeam::kWire, KnownFaultSeam::kShim,
                                     KnownFaultSeam::kEngine};

class FaultRequestTest : public ::testing::Test {
 protected:
  ~FaultRequestTest() override {
    for (const char* name :
         {"SHIMGAUGE_FAULT", "SHIMGAUGE_FAULT_RULES", "SHIMGAUGE_FAULT_JOURNAL",
          "SHIMGAUGE_FAULT_SUBJECT", "SHIMGAUGE_FAULT_REHEARSAL", "SHIMGAUGE_CHECK"}) {
      ::unsetenv(name);
    }
  }
  static std::string Refusal(std::vector<std::string> args) {
    const auto request = TakeFaultRequest(KnownFaultSeam::kWire, args);
    return request.ok() ? "accepted" : std::string(request.status().message());
  }
};

TEST_F(FaultRequestTest, OptionsAreTakenOffAndPassedOn) {
  std::vector<std::string> args = {"--rule=a b",   "--rule=c", "--journal=/j",
                                   "--subject=/s", "-id=c1",   "--rule=theirs"};
  const auto request = TakeFaultRequest(KnownFaultSeam::kWire, args);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_THAT(request->rules, ElementsAre("a b", "c"));
  EXPECT_EQ(request->journal, "/j");
  EXPECT_EQ(request->subject, "/s");
  EXPECT_THAT(args, ElementsAre("-id=c1", "--rule=theirs"));

  std::vector<std::string> child = {"start"};
  const auto again = TakeFaultRequest(KnownFaultSeam::kWire, child);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->rules, request->rules);
  EXPECT_EQ(again->journal, "/j");
  EXPECT_EQ(again->subject, "/s");
}

TEST_F(FaultRequestTest, BadRequestsAreNamed) {
  EXPECT_THAT(Refusal({"start"}), HasSubstr("--fault=NAME[,after=N] is missing"));
  EXPECT_THAT(Refusal({"--fault=none-such"}), HasSubstr("no fault 'none-such' at the wire seam"));
}

TEST_F(FaultRequestTest, ATriggerSparesAndNotes) {
  const base::testing::TempDir temp;
  std::vector<std::string> args = {"--rule=drop", "--journal=" + temp.File("j")};
  auto taken = TakeFaultRequest(KnownFaultSeam::kShim, args);
  ASSERT_TRUE(taken.ok()) << taken.status();
  taken->after = 1;
  FaultTrigger trigger(*taken, 0);
  EXPECT_FALSE(trigger.Fires());
  EXPECT_TRUE(trigger.Fires());
  EXPECT_TRUE(trigger.Fires());
  EXPECT_EQ(base::testing::ReadFile(temp.File("j")), "unlisted drop\nunlisted drop\n");
}

TEST_F(FaultRequestTest, ARehearsalHasAllFaultsAndShowsNone) {
  const base::testing::TempDir temp;
  std::vector<std::string> args = {"--rehearse", "--journal=" + temp.File("j"), "start"};
  ASSERT_TRUE(TakeFaultRequest(KnownFaultSeam::kEngine, args).ok());
  EXPECT_THAT(args, ElementsAre("start"));
  std::vector<std::string> child = {"-id=c1"};
  const auto taken = TakeFaultRequest(KnownFaultSeam::kEngine, child);
  ASSERT_TRUE(taken.ok()) << taken.status();

  const std::vector<KnownFault>& faults = EngineFaults();
  std::size_t rule = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    for (const std::string& text : faults[i].rules) {
      EXPECT_EQ(taken->rules[rule++], text);
      FaultTrigger trigger(*taken, rule - 1);
      EXPECT_FALSE(trigger.Fires());
      EXPECT_FALSE(trigger.Fires());
    }
    ::setenv("SHIMGAUGE_CHECK", "exec/a-check", 1);
  }
  std::set<std::string> lines = absl::StrSplit(base::testing::ReadFile(temp.File("j")), '\n');
  EXPECT_THAT(lines, UnorderedElementsAre(absl::StrCat("- ", faults[0].name),
                                          absl::StrCat("exec/a-check ", faults[1].name), ""));
  EXPECT_EQ(taken->rules.size(), taken->rehearsed.size());
  EXPECT_EQ(taken->rehearsed.back(), faults.back().name);
  EXPECT_THAT(Refusal({"--rehearse", "--fault=x"}), HasSubstr("give one of them"));
}

// Who counts rows counts defects.
TEST(KnownFaultTest, NoDefectIsTwoRows) {
  for (const KnownFaultSeam seam : kSeams) {
    std::map<std::string, absl::string_view> seen;
    for (const KnownFault& fault : KnownFaultsAt(seam)) {
      const std::string defect =
          absl::StrCat(fault.profile, "\n", absl::StrJoin(fault.rules, "\n"));
      const auto [other, added] = seen.emplace(defect, fault.name);
      EXPECT_TRUE(added) << fault.name << " is " << other->second;
    }
  }
}

TEST(KnownFaultTest, RowsAreWellFormed) {
  std::set<std::string> names;
  for (const KnownFaultSeam seam : kSeams) {
    for (const KnownFault& fault : KnownFaultsAt(seam)) {
      EXPECT_TRUE(names.insert(std::string(fault.name)).second) << fault.name << " twice";
      EXPECT_EQ(fault.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"),
                absl::string_view::npos)
          << fault.name;
      EXPECT_FALSE(fault.what.empty() || fault.rules.empty()) << fault.name;
      EXPECT_NE(fault.kills.empty(), fault.equivalent.empty())
          << fault.name << ": either kills or a reason why there are none";
      EXPECT_EQ(FindKnownFault(seam, fault.name), &fault);
    }
  }
}

}  // namespace
}  // namespace fakes
