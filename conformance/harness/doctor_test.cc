// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "conformance/harness/host.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Grade = Finding::Grade;

std::vector<Check> Checks() {
  return {{.id = "a/plain"},
          {.id = "a/oom", .needs = ToNeeds(Need::kOomEvents)},
          {.id = "a/pause", .needs = ToNeeds(Need::kPause)},
          {.id = "a/user", .host = ToHostNeeds(HostNeed::kManyIds)},
          {.id = "a/fault", .needs = ToNeeds(Need::kFakeEngine)}};
}

// Somebody without privileges on a machine that lets nearly everything be judged.
MachineFacts Unprivileged() {
  MachineFacts facts;
  facts.host = {.kernel = "linux 6.12",
                .cgroup_mode = "v2",
                .ids = 1,
                .offers = ToHostNeeds(HostNeed::kEngineCgroups)};
  facts.engine = {.kind = EngineChoice::Kind::kFake, .path = "/x/shimgauge-engine"};
  facts.caller_uid = 1000;
  facts.max_user_namespaces = 1000;
  facts.pidfds = true;
  facts.free_memory_bytes = std::int64_t{1} << 32;
  return facts;
}

MachineFacts Root() {
  MachineFacts facts = Unprivileged();
  facts.caller_is_root = true;
  facts.host.root = true;
  facts.host.offers =
      HostNeed::kCgroups | HostNeed::kEngineCgroups | ToHostNeeds(HostNeed::kManyIds);
  return facts;
}

Finding Of(const MachineFacts& facts, const std::string& subject) {
  for (Finding& finding : Examine(facts, Checks())) {
    if (finding.subject == subject) return std::move(finding);
  }
  ADD_FAILURE() << "no finding about " << subject;
  return {};
}

TEST(DoctorTest, RootWithTheStandInLacksNothing) {
  EXPECT_EQ(CountNotes(Examine(Root(), Checks())), 0u);
}

TEST(DoctorTest, WhatIsLackingIsToldWithItsFixAndItsCost) {
  const MachineFacts facts = Unprivileged();
  EXPECT_EQ(CountNotes(Examine(facts, Checks())), 2u);
  EXPECT_THAT(Of(facts, "cgroups").checks, ElementsAre("a/oom"));
  EXPECT_THAT(Of(facts, "cgroups").fix, HasSubstr("root"));
  EXPECT_THAT(Of(facts, "ids").checks, ElementsAre("a/user"));
  EXPECT_THAT(Of(facts, "ids").fix, HasSubstr("newuidmap"));
  EXPECT_THAT(Of(facts, "worlds").observed, HasSubstr("1 id, of uid 1000"));
}

TEST(DoctorTest, ARealEngineCostsWhatItCannotDo) {
  MachineFacts facts = Unprivileged();
  facts.engine = {.kind = EngineChoice::Kind::kReal, .path = "runc"};
  facts.host.offers = 0;
  EXPECT_THAT(Of(facts, "cgroups").checks, ElementsAre("a/oom", "a/pause"));
  EXPECT_THAT(Of(facts, "engine").checks, ElementsAre("a/fault"));
}

TEST(DoctorTest, NothingCanBeJudgedWithoutTheEngine) {
  MachineFacts facts = Root();
  facts.engine_installed = false;
  EXPECT_EQ(Of(facts, "engine").grade, Grade::kProblem);
}

TEST(DoctorTest, NothingCanBeJudgedWithoutNamespaces) {
  MachineFacts facts = Unprivileged();
  facts.max_user_namespaces = 0;
  EXPECT_EQ(Of(facts, "user namespaces").grade, Grade::kProblem);
  facts.max_user_namespaces.reset();
  EXPECT_EQ(Of(facts, "user namespaces").grade, Grade::kProblem);
  facts.max_user_namespaces = 1000;
  facts.unprivileged_user_namespaces = 0;
  EXPECT_EQ(Of(facts, "user namespaces").grade, Grade::kProblem);
  EXPECT_THAT(Of(facts, "user namespaces").fix, HasSubstr("unprivileged_userns_clone=1"));
  facts.unprivileged_user_namespaces = 1;
  facts.apparmor_restricts = 1;  // a profile may allow it
  EXPECT_EQ(Of(facts, "user namespaces").grade, Grade::kNote);
  facts.pidfds = false;
  EXPECT_EQ(Of(facts, "kernel").grade, Grade::kProblem);

  MachineFacts root = Root();
  root.max_user_namespaces = 0;
  EXPECT_EQ(Of(root, "user namespaces").grade, Grade::kGood);
}

TEST(DoctorTest, HiddenPartsOfProcMatterToUserNamespacesOnly) {
  MachineFacts facts = Unprivileged();
  facts.masked_proc = {"/proc/kcore"};
  EXPECT_EQ(Of(facts, "/proc").grade, Grade::kNote);
  EXPECT_THAT(Of(facts, "/proc").observed, HasSubstr("/proc/kcore"));
  facts = Root();
  facts.masked_proc = {"/proc/kcore"};
  EXPECT_EQ(Of(facts, "/proc").grade, Grade::kGood);
}

TEST(DoctorTest, TextNamesAFewChecksAndJsonAll) {
  std::vector<Finding> findings = {{.grade = Grade::kNote,
                                    .subject = "s",
                                    .observed = "seen",
                                    .fix = "mend it",
                                    .checks = {"c/1", "c/2", "c/3", "c/4", "c/5"}}};
  const std::string text = FindingsText(findings);
  EXPECT_THAT(text, HasSubstr("fix    mend it"));
  EXPECT_THAT(text, HasSubstr("5 checks: c/1, c/2, c/3, c/4 and 1 more"));
  const std::string json = FindingsJson(findings);
  EXPECT_THAT(json, HasSubstr("\"c/5\""));
  EXPECT_THAT(json, HasSubstr("\"fit\": true"));
  findings[0].grade = Grade::kProblem;
  EXPECT_THAT(FindingsJson(findings), HasSubstr("\"fit\": false"));
}

TEST(DoctorTest, ThisMachineHasFacts) {
  const MachineFacts facts = ReadMachineFacts(
      DescribeHost(Privilege::kUserNamespace, EngineChoice::Kind::kNone), EngineChoice{});
  EXPECT_THAT(facts.host.kernel, HasSubstr("linux "));
  EXPECT_TRUE(facts.pidfds);
  EXPECT_GT(facts.free_memory_bytes, 0);
  EXPECT_THAT(Examine(facts, Checks()), Not(IsEmpty()));
}

}  // namespace
}  // namespace conformance
