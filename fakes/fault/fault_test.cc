// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/fault.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>
#include <string>
#include <utility>

#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "fakes/fault/engine_hook_faults.h"
#include "fakes/fault/fault_call.h"
#include "fakes/fault/fault_file.h"
#include "fakes/fault/known_fault.h"

namespace fakes {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

constexpr FaultPoint kBefore = FaultPoint::kBefore;

TEST(FaultTableTest, EveryFaultHasARowAndEveryNameIsUniqueAtItsSeam) {
  std::set<std::pair<FaultSeam, std::string>> names;
  std::set<Fault> faults;
  for (const FaultInfo& info : AllFaults()) {
    EXPECT_TRUE(names.emplace(info.seam, std::string(info.name)).second) << info.name;
    EXPECT_EQ(FindFault(info.seam, info.name), &info);
    EXPECT_EQ(FindFault(info.seam, info.fault), &info);
    EXPECT_FALSE(info.summary.empty()) << info.name;
    for (const absl::string_view verb : absl::StrSplit(info.verbs, ' ', absl::SkipEmpty())) {
      EXPECT_NE(FindFaultVerb(info.seam, verb), nullptr) << info.name << ": " << verb;
    }
    faults.insert(info.fault);
  }
  for (int i = 0; i <= static_cast<int>(Fault::kLackOfMemory); ++i) {
    EXPECT_EQ(faults.count(static_cast<Fault>(i)), 1U) << i;
  }
  EXPECT_EQ(FindFault(FaultSeam::kEngine, "none"), nullptr);
  EXPECT_EQ(FindFault(FaultSeam::kEngine, Fault::kPowerOff), nullptr);
  EXPECT_EQ(FindFaultVerb(FaultSeam::kEngine, "none"), nullptr);
}

// "hooks-poststart-failure-kills" alone has none: what it does to Start is the profile's policy.
TEST(FaultTableTest, FaultsOfHooksAreThereForGuestsOfWebAssemblyToo) {
  std::size_t without = 0;
  for (const KnownFault& fault : EngineHookFaults()) {
    const std::string name = absl::StrCat("wasm-", fault.name);
    const KnownFault* twin = FindKnownFault(KnownFaultSeam::kWire, name);
    if (twin == nullptr) {
      EXPECT_EQ(fault.name, "hooks-poststart-failure-kills");
      ++without;
      continue;
    }
    EXPECT_EQ(twin->profile, "reference-wasm");
    EXPECT_FALSE(twin->kills.empty()) << name;
    for (const std::string& rule : twin->rules) {
      EXPECT_TRUE(absl::StartsWith(rule, "request Create spec ") ||
                  absl::StartsWith(rule, "reply "))
          << rule;
    }
  }
  EXPECT_EQ(without, 1U);
}

class FaultTest : public base::testing::ProcessTest {
 protected:
  FaultCall Begin(const std::string& verb, const std::string& container) {
    absl::StatusOr<FaultCall> call =
        FaultCall::Begin({temp_.File("root"), temp_.path()}, FaultSeam::kEngine, verb, container);
    EXPECT_TRUE(call.ok()) << call.status();
    return call.ok() ? *call : FaultCall();
  }
  bool Fails(const std::string& verb, const std::string& container) {
    return Begin(verb, container).Fires(Fault::kFail, kBefore) != nullptr;
  }

  FaultFile file_{temp_.path()};
};

TEST_F(FaultTest, WithoutRulesNothingIsPlannedAndNothingLeft) {
  EXPECT_FALSE(Begin("start", "c").planned());
  EXPECT_TRUE(file_.Journal()->empty());
  EXPECT_NE(::access(temp_.File("faults.calls").c_str(), F_OK), 0);
}

TEST_F(FaultTest, ARuleFiresAtItsOccurrenceOfItsVerbAndContainer) {
  ASSERT_TRUE(file_.Add({.verb = "start", .container = "c", .occurrence = 2}).ok());
  EXPECT_FALSE(Fails("start", "c"));
  EXPECT_FALSE(Fails("start", "other"));
  EXPECT_FALSE(Fails("kill", "c"));
  EXPECT_TRUE(Fails("start", "c"));
  EXPECT_FALSE(Fails("start", "c"));
  const auto journal = file_.Journal();
  ASSERT_TRUE(journal.ok()) << journal.status();
  EXPECT_THAT(*journal, ElementsAre(FaultFiring{.rule = "rule-1",
                                                .fault = "fail",
                                                .verb = "start",
                                                .container = "c",
                                                .point = "before",
                                                .occurrence = 2,
                                                .pid = ::getpid()}));
}

TEST_F(FaultTest, OccurrenceZeroIsEachCall) {
  ASSERT_TRUE(file_.Add({.verb = "kill", .occurrence = 0}).ok());
  EXPECT_TRUE(Fails("kill", "a"));
  EXPECT_TRUE(Fails("kill", "b"));
  EXPECT_THAT(*file_.Journal("rule-1"), ElementsAre(Field(&FaultFiring::occurrence, 1U),
                                                    Field(&FaultFiring::occurrence, 2U)));
  EXPECT_TRUE(file_.Journal("rule-2")->empty());
}

TEST_F(FaultTest, ARuleFiresOncePerCallAndOnlyAtItsPoint) {
  ASSERT_TRUE(file_.Add({.verb = "exec", .point = FaultPoint::kAfter}).ok());
  FaultCall call = Begin("exec", "c");
  EXPECT_EQ(call.Fires(Fault::kHang, FaultPoint::kAfter), nullptr);
  EXPECT_EQ(call.Fires(Fault::kFail, kBefore), nullptr);
  EXPECT_NE(call.Fires(Fault::kFail, FaultPoint::kAfter), nullptr);
  EXPECT_EQ(call.Fires(Fault::kFail, FaultPoint::kAfter), nullptr);
}

TEST_F(FaultTest, AFaultWithoutPointFiresWhereItActs) {
  ASSERT_TRUE(file_.Add({.fault = Fault::kNoPidFile}).ok());
  EXPECT_EQ(Begin("kill", "c").Fires(Fault::kNoPidFile, kBefore), nullptr);
  EXPECT_NE(Begin("create", "c").Fires(Fault::kNoPidFile, FaultPoint::kMiddle), nullptr)
      << "a verb that the fault does not fit does not count";
}

TEST_F(FaultTest, OccurrencesCountFromTheMomentTheRuleIsAdded) {
  ASSERT_TRUE(file_.Add({.verb = "start"}).ok());
  EXPECT_TRUE(Fails("start", "c"));
  ASSERT_TRUE(file_.Clear().ok());
  EXPECT_FALSE(Fails("start", "c"));
  EXPECT_EQ(*file_.Add({.verb = "start"}), "rule-2");
  EXPECT_TRUE(Fails("start", "c"));
  EXPECT_EQ(file_.Journal()->size(), 2U);
}

TEST_F(FaultTest, TheNearerDirectoryWins) {
  ASSERT_TRUE(file_.Add({.verb = "start", .occurrence = 0}).ok());
  ASSERT_TRUE(base::testing::RunToExit("/bin/mkdir", {temp_.File("root")}).ok());
  FaultFile nearer(temp_.File("root"));
  ASSERT_TRUE(nearer.Add({.verb = "kill"}).ok());
  EXPECT_FALSE(Fails("start", "c"));
  EXPECT_TRUE(Fails("kill", "c"));
  EXPECT_EQ(nearer.Journal()->size(), 1U);
}

TEST_F(FaultTest, ABadFileIsAnErrorThatNamesIt) {
  base::testing::WriteFile(file_.rules_path(), R"({"schema":1,"rules":[{"fault":"x"}]})");
  const auto call = FaultCall::Begin({temp_.path()}, FaultSeam::kEngine, "start", "c");
  EXPECT_THAT(call.status().message(),
              ::testing::AllOf(HasSubstr(file_.rules_path()), HasSubstr("rules[0].fault")));
}

TEST_F(FaultTest, ARefusedRuleChangesNothing) {
  ASSERT_TRUE(file_.Add({.verb = "start", .occurrence = 0}).ok());
  EXPECT_FALSE(file_.Add({.verb = "nope"}).ok());
  EXPECT_FALSE(file_.Add({.verb = "start", .id = "rule-1"}).ok()) << "the id is taken";
  EXPECT_TRUE(Fails("start", "c"));
}

TEST_F(FaultTest, WaitingForAFiringEndsWithIt) {
  ASSERT_TRUE(file_.Add({.verb = "start", .occurrence = 0}).ok());
  EXPECT_FALSE(*file_.AwaitFiring("rule-1", 1, 0));
  EXPECT_TRUE(Fails("start", "c"));
  EXPECT_TRUE(*file_.AwaitFiring("rule-1", 1, 60000));
  EXPECT_FALSE(*file_.AwaitFiring("rule-1", 2, 0));
}

}  // namespace
}  // namespace fakes
