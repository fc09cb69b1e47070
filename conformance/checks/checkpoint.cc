// SPDX-License-Identifier: Apache-2.0
// Contract §4.11, checkpoints. What a shim without CRIU owes is a refusal that harms nobody.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "conformance/checks/areas.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/harness/check_context.h"
#include "task/v3/task.pb.h"

namespace conformance {
namespace {

using ::testing::Eq;

bool HasFiles(const std::string& directory) {
  std::error_code error;
  return std::filesystem::exists(directory, error) && !std::filesystem::is_empty(directory, error);
}

void AnImageIsWritten(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::string image = absl::StrCat(check.ScratchDirectory(), "/image");
  check.ASSERT_THAT(task.Checkpoint(image), IsOk());
  check.EXPECT_THAT(HasFiles(image), Eq(true),
                    {.text = "the image lies at the given path", .code = why::kFileContent});
}

void TheTaskGoesOn(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.ASSERT_THAT(task.Checkpoint(absl::StrCat(check.ScratchDirectory(), "/image")), IsOk());
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "a checkpoint without the exit option", .code = why::kStateWrong});
  check.EXPECT_THAT(task.ProcessGone(), Eq(false),
                    {.text = "its process still runs", .code = why::kProcessState});
}

void ItIsPublished(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.ASSERT_THAT(task.Checkpoint(absl::StrCat(check.ScratchDirectory(), "/image")), IsOk());
  const auto published = [&](const std::vector<Event>& events) {
    return std::any_of(events.begin(), events.end(), [&](const Event& event) {
      return event.topic == "/tasks/checkpointed" && event.container_id == task.id();
    });
  };
  check.EXPECT_THAT(published(check.AwaitEvents(published)), Eq(true),
                    {.text = "/tasks/checkpointed arrives", .code = why::kEventMissing});
}

void AFailureLeavesTheTaskAlone(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::string file = absl::StrCat(task.bundle().path, "/config.json");
  const absl::Status status = task.Checkpoint(absl::StrCat(file, "/no-directory"));
  check.EXPECT_THAT(status, IsError(), {.text = "a checkpoint into a path that cannot be made"});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.code = why::kStateWrong});
  check.ASSERT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)),
                    {.text = "the task ends as if nothing had been tried"});
}

// The restore belongs to Start, so that Create succeeds whatever the image is worth.
void ARestoreWaitsForStart(CheckContext& check) {
  const std::string image = absl::StrCat(check.ScratchDirectory(), "/no-image");
  const auto from_image = [&image](const std::string& serialized) {
    containerd::task::v3::CreateTaskRequest request;
    request.ParseFromString(serialized);
    request.set_checkpoint(image);
    return request.SerializeAsString();
  };
  const Task task = check.TryCreate(Program("pause"), {.edit_request = from_image});
  if (!task.create_status().ok()) {
    check.Skip(absl::StrCat("Create looks at the image: ", task.create_status().ToString()));
  }
  const StateInfo state = check.Require(task.State());
  check.EXPECT_THAT(state, HasStatus(TaskStatus::kCreated));
  check.EXPECT_THAT(task.Start(), IsError(), {.text = "Start from an image that does not exist"});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kCreated)),
                    {.text = "after a restore that failed"});
  check.EXPECT_THAT(task.Delete(), IsOk());
}

}  // namespace

void AddCheckpointChecks(std::vector<Check>& checks) {
  const Needs needs = ToNeeds(Need::kCheckpoint);
  const std::vector<Check> rows = {
      {.id = "checkpoint/an-image-is-written",
       .requirements = {"CKPT-01"},
       .level = Level::kMay,
       .needs = needs,
       .run = AnImageIsWritten},
      {.id = "checkpoint/the-task-goes-on",
       .requirements = {"CKPT-02"},
       .level = Level::kShould,
       .needs = needs,
       .run = TheTaskGoesOn},
      {.id = "checkpoint/it-is-published",
       .requirements = {"CKPT-03"},
       .level = Level::kShould,
       .needs = needs,
       .run = ItIsPublished},
      {.id = "checkpoint/a-failure-leaves-the-task-alone",
       .requirements = {"CKPT-04"},
       .level = Level::kShould,
       .run = AFailureLeavesTheTaskAlone},
      {.id = "checkpoint/a-restore-waits-for-start",
       .requirements = {"CKPT-05"},
       .level = Level::kMay,
       .needs = needs,
       .run = ARestoreWaitsForStart},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
