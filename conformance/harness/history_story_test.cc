// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/history_story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

CallFact Answered(const char* method, absl::StatusCode code) {
  return {.method = method, .process = {.container = "c1"}, .replied_us = 1, .code = code};
}

TEST(LiveTasks, AreCreatedAndNotDeleted) {
  Story story;
  story.calls = {Answered("Create", absl::StatusCode::kOk)};
  EXPECT_THAT(LiveTasks(story), SizeIs(1));
  story.calls.push_back(Answered("Delete", absl::StatusCode::kOk));
  EXPECT_THAT(LiveTasks(story), IsEmpty());
}

TEST(LiveTasks, ARefusedDeleteChangesNothing) {
  Story story;
  story.calls = {Answered("Create", absl::StatusCode::kOk),
                 Answered("Delete", absl::StatusCode::kFailedPrecondition)};
  EXPECT_THAT(LiveTasks(story), SizeIs(1));
}

TEST(LiveTasks, NotFoundAloneDoesNotEndATask) {
  Story story;
  story.calls = {Answered("Create", absl::StatusCode::kOk),
                 Answered("State", absl::StatusCode::kNotFound)};
  EXPECT_THAT(LiveTasks(story), SizeIs(1)) << "a shim that loses a task is not believed";
}

TEST(LiveTasks, AnAbandonedDeleteMayHaveWorked) {
  Story story;
  story.calls = {Answered("Create", absl::StatusCode::kOk),
                 Answered("Delete", absl::StatusCode::kCancelled)};
  EXPECT_THAT(LiveTasks(story), SizeIs(1));
  story.calls.push_back(Answered("Delete", absl::StatusCode::kNotFound));
  EXPECT_THAT(LiveTasks(story), IsEmpty());
}

}  // namespace
}  // namespace conformance
