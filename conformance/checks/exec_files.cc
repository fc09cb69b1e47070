// SPDX-License-Identifier: Apache-2.0
// What an exec leaves in bundle and temporary directories, and deletions that outrun their events.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "conformance/checks/exec.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::IsEmpty;

std::set<std::string> FilesIn(const std::string& directory) {
  std::set<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    files.insert(entry.path().filename().string());
  }
  return files;
}

std::vector<std::string> Added(const std::set<std::string>& before,
                               const std::set<std::string>& after) {
  std::vector<std::string> added;
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                      std::back_inserter(added));
  return added;
}

void RunOnce(CheckContext& check, const Task& task, const std::string& exec_id) {
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "0"), {.exec_id = exec_id}),
                                  {.text = absl::StrCat("an exec called ", exec_id)});
  check.ASSERT_THAT(exec.Start(), IsOk(), {.text = absl::StrCat("an exec called ", exec_id)});
  check.ASSERT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(0)));
  check.ASSERT_THAT(exec.Delete(), IsOk());
}

void IdsLikeOwnFilesAreHarmless(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  for (const char* const id : {"init", "config", "log", "work", "rootfs", "address", "options"}) {
    RunOnce(check, task, id);
  }
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.code = why::kStateWrong});
  const std::set<std::string> files = FilesIn(task.bundle().path);
  for (const char* const file : {"config.json", "log", "work", "rootfs"}) {
    check.EXPECT_THAT(
        files.count(file), Eq(1u),
        {.text = absl::StrCat("the bundle still has ", file), .code = why::kFileContent});
  }
  check.ASSERT_THAT(task.shim().SendSignal(SIGKILL), IsOk(), {.code = why::kHarness});
  check.ASSERT_THAT(task.shim().AwaitExit(std::chrono::seconds(16)), Eq(true),
                    {.text = "the shim ends", .code = why::kHarness});
  check.EXPECT_THAT(
      check.RunDelete(task.bundle()).command.ExitedWith(0), Eq(true),
      {.text = "`delete` after execs named like the shim's own files", .code = why::kProcessState});
  check.EXPECT_THAT(
      check.Eventually([&] { return task.ProcessGone(); }), Eq(true),
      {.text = "its process is gone", .code = why::kLeftProcess, .requirement = "DEL-03"});
}

void ExecsLeaveNoFile(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  RunOnce(check, task, "first");  // what is made once and kept
  const std::string temporary = std::filesystem::temp_directory_path().string();
  const std::set<std::string> bundle = FilesIn(task.bundle().path);
  const std::set<std::string> temp = FilesIn(temporary);
  for (int i = 0; i < 5; ++i) RunOnce(check, task, absl::StrCat("later-", i));
  check.EXPECT_THAT(Added(bundle, FilesIn(task.bundle().path)), IsEmpty(),
                    {.text = "files of deleted execs in the bundle", .code = why::kLeftFile});
  check.EXPECT_THAT(
      Added(temp, FilesIn(temporary)), IsEmpty(),
      {.text = absl::StrCat("files of deleted execs in ", temporary), .code = why::kLeftFile});
}

void DeleteMayOutrunTheExitEvent(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.Sink().SetMode(EventSink::Mode::kSlow, std::chrono::milliseconds(60));
  const Exec exec = check.Require(task.AddExec(Program("exit_code", "4")));
  check.ASSERT_THAT(exec.Start(), IsOk());
  check.ASSERT_THAT(exec.Wait(), IsOkAndHolds(ExitedWith(4)));
  check.EXPECT_THAT(exec.Delete(), IsOkAndHolds(ExitedWith(4)),
                    {.text = "Delete before the exit event has been delivered"});
  const auto exits = [&](const std::vector<Event>& events) {
    const std::vector<Event> own = ForProcess(events, task.id(), exec.exec_id());
    return std::count_if(own.begin(), own.end(),
                         [](const Event& event) { return event.topic == "/tasks/exit"; });
  };
  check.AwaitEvents([&](const std::vector<Event>& events) { return exits(events) > 0; });
  check.Sink().SetMode(EventSink::Mode::kPrompt);
  check.EXPECT_THAT(exits(check.Events()), Eq(1),
                    {.text = "exit events of a deleted exec", .code = why::kEventMissing});
  const Exec again =
      check.Require(task.AddExec(Program("exit_code", "0"), {.exec_id = exec.exec_id()}));
  check.EXPECT_THAT(again.Delete(), IsOk(), {.text = "and its id is free again"});
}

}  // namespace

void AddExecFileChecks(std::vector<Check>& checks) {
  const Needs needs = ToNeeds(Need::kExec);
  const std::vector<Check> rows = {
      {.id = "exec/ids-like-the-shims-own-files-are-harmless",
       .requirements = {"FILE-06"},
       .level = Level::kShould,
       .needs = needs,
       .run = IdsLikeOwnFilesAreHarmless},
      {.id = "exec/deleted-execs-leave-no-file",
       .requirements = {"LEAK-05", "DELETE-07"},
       .level = Level::kShould,
       .needs = needs,
       .run = ExecsLeaveNoFile},
      {.id = "exec/delete-may-outrun-the-exit-event",
       .requirements = {"UND-10", "EVT-21"},
       .level = Level::kShould,
       .needs = needs,
       .run = DeleteMayOutrunTheExitEvent},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
