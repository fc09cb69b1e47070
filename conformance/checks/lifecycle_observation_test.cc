// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/lifecycle_observation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace conformance {
namespace {

using Strings = std::vector<std::string>;

std::vector<Event> EventsWith(const std::vector<std::string>& topics) {
  std::vector<Event> events;
  for (const std::string& topic : topics) {
    events.emplace_back();
    events.back().topic = "/tasks/" + topic;
  }
  return events;
}

bool Accepts(const ::testing::Matcher<const absl::Status&>& matcher, absl::StatusCode code) {
  return matcher.Matches(absl::Status(code, "as it is"));
}

TEST(LifecycleObservation, TopicsAreTheLastParts) {
  EXPECT_EQ(Topics(EventsWith({"create", "exec-added"})), Strings({"create", "exec-added"}));
}

TEST(LifecycleObservation, WhatIsAllowedIsNoSurplus) {
  EXPECT_EQ(SurplusTopics(EventsWith({"create", "exit"}), {"exit", "create", "delete"}), Strings());
}

TEST(LifecycleObservation, ASecondTimeIsSurplus) {
  EXPECT_EQ(SurplusTopics(EventsWith({"create", "exit", "exit"}), {"create", "exit"}),
            Strings({"exit"}));
}

TEST(LifecycleObservation, WhatNobodyAskedForIsSurplus) {
  EXPECT_EQ(SurplusTopics(EventsWith({"create", "start"}), {"create"}), Strings({"start"}));
}

TEST(LifecycleObservation, WrongStateLeavesTheCodeOpen) {
  EXPECT_TRUE(Accepts(IsWrongState(), absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(Accepts(IsWrongState(), absl::StatusCode::kUnknown));
  EXPECT_TRUE(Accepts(IsWrongState(), absl::StatusCode::kAlreadyExists));
}

TEST(LifecycleObservation, WrongStateIsNeitherSuccessNorAbsenceNorALostConnection) {
  EXPECT_FALSE(IsWrongState().Matches(absl::OkStatus()));
  EXPECT_FALSE(Accepts(IsWrongState(), absl::StatusCode::kNotFound));
  EXPECT_FALSE(Accepts(IsWrongState(), absl::StatusCode::kUnimplemented));
  EXPECT_FALSE(Accepts(IsWrongState(), absl::StatusCode::kUnavailable));
  EXPECT_FALSE(Accepts(IsWrongState(), absl::StatusCode::kDeadlineExceeded));
}

}  // namespace
}  // namespace conformance
