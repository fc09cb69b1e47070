// SPDX-License-Identifier: Apache-2.0
// Contract §1.8 and §8.1 under hostile conditions: bundles that have lost files, several `delete`s
// at once, hooks that fail, shims that died with terminals, loggers, execs and blocked streams.
#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "conformance/checks/bootstrap_support.h"
#include "conformance/checks/delete_recovery.h"
#include "conformance/checks/hook_plan.h"
#include "conformance/checks/stdio_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::Ne;

// --- bundles that have lost files ----------------------------------------------------------------

// What of a bundle is missing when `delete` comes. The files are those known to be kept there; one
// that this shim does not use is not there to be removed.
struct Loss {
  const char* what;  // ends the id
  std::vector<std::string> files;
  Needs needs = 0;
};

// Who keeps no engine state knows of a container what its spec says, and nothing without it.
constexpr Needs kKnowsWithoutSpec = ToNeeds(Need::kOciEngine);

const std::vector<Loss>& Losses() {
  static const std::vector<Loss> losses = {
      {"config", {"config.json"}, kKnowsWithoutSpec},
      {"init-pid", {"init.pid"}},
      {"runtime-file", {"runtime"}},
      {"options-file", {"options.json"}},
      {"address-file", {"address"}},
      {"work-link", {"work"}},
  };
  return losses;
}

void DeleteAfterLoss(CheckContext& check, const Loss& loss) {
  const Task task = check.Run(Program("pause"));
  KillShim(check, task.shim());
  for (const std::string& file : loss.files) {
    std::error_code ignored;
    std::filesystem::remove(absl::StrCat(task.bundle().path, "/", file), ignored);
  }
  ExpectDelete(check, task.bundle(), absl::StrCat("of a bundle without its ", loss.what));
  ExpectNothingLeft(check, task);
}

void DeleteAfterLossOfAllFiles(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  KillShim(check, task.shim());
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(task.bundle().path, ignored)) {
    if (entry.path().filename() != "rootfs") std::filesystem::remove(entry.path(), ignored);
  }
  ExpectDelete(check, task.bundle(), "of a bundle of which only rootfs is left");
  ExpectNothingLeft(check, task);
}

// --- several at once -----------------------------------------------------------------------------

void ConcurrentDeletesOfOne(CheckContext& check) {
  const Task task = check.Run(Program("spawn_tree", "1", "2"));
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  KillShim(check, task.shim());
  const std::vector<Bundle> same(4, task.bundle());
  int succeeded = 0;
  for (const DeleteResult& result : check.RunDeletesTogether(same)) {
    check.EXPECT_THAT(result.command.timed_out, Eq(false),
                      {.text = "one of four `delete`s of one container ends",
                       .code = why::kReplyMissing,
                       .requirement = "DEL-05"});
    if (result.command.ExitedWith(0)) ++succeeded;
  }
  check.EXPECT_THAT(succeeded, Ne(0),
                    {.text = "`delete`s of four that succeeded", .code = why::kProcessState});
  ExpectNothingLeft(check, task);
  ExpectDelete(check, task.bundle(), "after four at once");
}

void ConcurrentDeletesOfAGroup(CheckContext& check) {
  CreateOptions options;
  options.bundle.annotations = {{"io.containerd.runc.v2.group", "lost-together"}};
  std::vector<Task> tasks = {check.Run(Program("pause"), options)};
  options.shim = &tasks.front().shim();
  for (int i = 0; i < 3; ++i) tasks.push_back(check.Run(Program("pause"), options));
  KillShim(check, tasks.front().shim());
  std::vector<Bundle> bundles;
  for (const Task& task : tasks) bundles.push_back(task.bundle());
  const std::vector<DeleteResult> results = check.RunDeletesTogether(bundles);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    JudgeDelete(check, results[i], absl::StrCat("of member ", i + 1, " of 4 at once"));
    ExpectNothingLeft(check, tasks[i]);
  }
}

// --- shims that died in the middle of something --------------------------------------------------

void CleansUpAnExecThatNeverStarted(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  check.Require(task.AddExec(Program("pause")));
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "of a container with an exec that never started");
  ExpectNothingLeft(check, task);
}

void CleansUpTerminals(CheckContext& check) {
  const Task task = check.Run(OnTerminal(Program("tty_report")), WithStdin());
  check.ASSERT_THAT(task.stdio().AwaitOutput("ready"), Eq(true),
                    {.text = "the output has \"ready\"", .code = why::kOutputLost});
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "of a container on a terminal");
  ExpectNothingLeft(check, task);
}

void CleansUpABlockedWriter(CheckContext& check) {
  const Task task = check.Create(Program("emit", "1000000"));
  task.stdio().PauseReading();
  check.ASSERT_THAT(task.Start(), IsOk());
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "of a container whose output nobody reads");
  ExpectNothingLeft(check, task);
}

void LoggersDoNotOutliveTheirContainer(CheckContext& check) {
  const std::string directory = absl::StrCat(check.ScratchDirectory(), "/logger");
  check.ASSERT_THAT(::mkdir(directory.c_str(), 0755), Eq(0), {.code = why::kHarness});
  CreateOptions options;
  options.stdio.stdout_uri =
      absl::StrCat("binary://", check.ProgramOnHost("logger"), "?", directory, "=copy");
  options.stdio.stderr_uri = options.stdio.stdout_uri;
  const Task task = check.Run(Program("pause"), options);
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "of a container with a logger");
  ExpectNothingLeft(check, task);
  const auto loggers = [&] {
    std::size_t count = 0;
    for (const ProcessInfo& process : check.World().All()) {
      if (process.name == "logger" && process.state != 'Z') ++count;
    }
    return count;
  };
  check.EXPECT_THAT(check.Eventually([&] { return loggers() == 0; }), Eq(true),
                    {.text = "the logger ends with the last writer",
                     .code = why::kLeftProcess,
                     .requirement = "LEAK-02"});
}

void SameIdLivesAgain(CheckContext& check) {
  const Task first = check.Run(Program("pause"));
  KillShim(check, first.shim());
  ExpectDelete(check, first.bundle(), "before the same id lives again");
  ExpectNothingLeft(check, first);
  ShimUnderTest& shim = check.StartShim(first.bundle());
  const Task again =
      check.Create(Program("pause"), {.existing_bundle = first.bundle(), .shim = &shim});
  check.ASSERT_THAT(again.Start(), IsOk(), {.text = "a container of the same id"});
  check.EXPECT_THAT(again.pid(), Ne(first.pid()), {.code = why::kProcessState});
  check.ASSERT_THAT(again.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(again.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.EXPECT_THAT(again.Delete(), IsOk());
}

void FailingPoststopHook(CheckContext& check) {
  CreateOptions options;
  options.bundle.edit = WithHooks({ProgramHook(check, HookPoint::kPoststop, "exit_code", {"3"})});
  const Task task = check.Run(Program("pause"), options);
  KillShim(check, task.shim());
  ExpectDelete(check, task.bundle(), "of a container whose poststop hook fails");
  ExpectNothingLeft(check, task);
}

}  // namespace

void AddHostileDeleteChecks(std::vector<Check>& checks) {
  for (const Loss& loss : Losses()) {
    checks.push_back({.id = absl::StrCat("delete-recovery/delete-copes-without-the-", loss.what),
                      .requirements = {"DEL-04", "DEL-03"},
                      .level = Level::kShould,
                      .tags = {"hostile"},
                      .needs = loss.needs,
                      .run = [&loss](CheckContext& check) { DeleteAfterLoss(check, loss); }});
  }
  const std::vector<Check> rows = {
      {.id = "delete-recovery/delete-copes-without-any-file-of-the-bundle",
       .requirements = {"DEL-04", "DEL-03"},
       .level = Level::kShould,
       .tags = {"hostile"},
       .needs = kKnowsWithoutSpec,
       .run = DeleteAfterLossOfAllFiles},
      {.id = "delete-recovery/several-deletes-of-one-container-at-once",
       .requirements = {"DEL-04", "DEL-05"},
       .level = Level::kShould,
       .tags = {"hostile", "race"},
       .run = ConcurrentDeletesOfOne},
      {.id = "delete-recovery/members-of-a-dead-shim-are-deleted-at-once",
       .requirements = {"REC-06", "DEL-03"},
       .tags = {"race"},
       .needs = ToNeeds(Need::kGrouping),
       .run = ConcurrentDeletesOfAGroup},
      {.id = "delete-recovery/cleans-up-an-exec-that-never-started",
       .requirements = {"REC-03"},
       .needs = ToNeeds(Need::kExec),
       .run = CleansUpAnExecThatNeverStarted},
      {.id = "delete-recovery/cleans-up-a-task-on-a-terminal",
       .requirements = {"REC-03", "DEL-03"},
       .needs = ToNeeds(Need::kTerminal),
       .run = CleansUpTerminals},
      {.id = "delete-recovery/cleans-up-a-blocked-writer",
       .requirements = {"REC-03", "DEL-05"},
       .run = CleansUpABlockedWriter},
      {.id = "delete-recovery/loggers-end-with-their-container",
       .requirements = {"LEAK-02", "REC-02"},
       .needs = ToNeeds(Need::kBinaryUri),
       .run = LoggersDoNotOutliveTheirContainer},
      {.id = "delete-recovery/the-same-id-lives-again",
       .requirements = {"REC-07", "DEL-03"},
       .run = SameIdLivesAgain},
      {.id = "delete-recovery/a-failing-poststop-hook-does-not-fail-delete",
       .requirements = {"DEL-04", "DEL-03"},
       .tags = {"hostile"},
       .needs = ToNeeds(Need::kHooks),
       .run = FailingPoststopHook},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
