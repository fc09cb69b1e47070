// SPDX-License-Identifier: Apache-2.0
// hooks.md: the poststop hooks run once on every way out.
#include <absl/strings/str_cat.h>

#include <chrono>
#include <csignal>

#include "conformance/checks/delete_recovery.h"
#include "conformance/checks/hook_plan.h"
#include "conformance/checks/hook_trace.h"
#include "conformance/checks/hooks.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

constexpr std::chrono::seconds kExitDeadline{10};

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;

// Each ends what `create` makes with a poststop hook, up to and without the `delete` action.
using Ending = void (*)(CheckContext& check, const CreateOptions& options, Bundle& bundle);

void DeletedUnstarted(CheckContext& check, const CreateOptions& options, Bundle& bundle) {
  const Task task = check.Create(Program("pause"), options);
  bundle = task.bundle();
  check.Require(task.Delete());
}

void FailsToBeCreated(CheckContext& check, const CreateOptions& options, Bundle& bundle) {
  const Task task = check.TryCreate(Program("/no/such/program"), options);
  bundle = task.bundle();
  if (!task.create_status().ok()) return;
  // Shims may find out in Start as well.
  check.ASSERT_THAT(task.Start(), IsError(), {.text = "Start of a program that does not exist"});
  check.Require(task.Delete());
}

void LosesItsShimCreated(CheckContext& check, const CreateOptions& options, Bundle& bundle) {
  const Task task = check.Create(Program("pause"), options);
  bundle = task.bundle();
  KillShim(check, task.shim());
}

void LosesItsShimRunning(CheckContext& check, const CreateOptions& options, Bundle& bundle) {
  const Task task = check.Run(Program("pause"), options);
  bundle = task.bundle();
  KillShim(check, task.shim());
}

void LosesItsShimStopped(CheckContext& check, const CreateOptions& options, Bundle& bundle) {
  const Task task = check.Run(Program("exit_code", "0"), options);
  bundle = task.bundle();
  check.Require(task.Wait());
  KillShim(check, task.shim());
}

// Containerd always runs the `delete` action in the end (REC-01); here twice, as after a restart.
void PoststopRunsOnce(CheckContext& check, Ending ending) {
  const HookTrace trace(check);
  CreateOptions options;
  options.bundle.edit = WithHooks({trace.At(HookPoint::kPoststop, "poststop")});
  Bundle bundle;
  ending(check, options, bundle);
  for (const char* when : {"`delete`", "a second `delete`"}) {
    check.EXPECT_THAT(check.RunDelete(bundle).command.ExitedWith(0), Eq(true),
                      {.text = when, .code = why::kProcessState, .requirement = "DEL-04"});
  }
  check.EXPECT_THAT(trace.Names(), ElementsAre("poststop"), {.code = why::kProcessState});
}

// --- what did not happen has no hooks ------------------------------------------------------------

void NothingRunsForNothing(CheckContext& check) {
  const HookTrace trace(check);
  BundleOptions options;
  std::vector<Hook> hooks;
  for (const HookPointInfo& info : HookPoints()) hooks.push_back(trace.At(info.point, info.key));
  options.edit = WithHooks(hooks);
  const Bundle bundle = check.MakeBundle(Program("pause"), options);
  ShimUnderTest& shim = check.StartShim(bundle);
  check.EXPECT_THAT(trace.Names(), IsEmpty(),
                    {.text = "hooks that ran in `start`", .code = why::kProcessState});
  check.Require(shim.Shutdown(bundle.id));
  check.ASSERT_THAT(shim.AwaitExit(kExitDeadline), Eq(true),
                    {.text = "the shim ends", .code = why::kLeftProcess, .requirement = "SHUT-05"});
  check.EXPECT_THAT(
      trace.Names(), IsEmpty(),
      {.text = "hooks of a container that was never created", .code = why::kProcessState});
}

}  // namespace

void AddHookEndChecks(std::vector<Check>& checks) {
  const struct {
    const char* word;
    std::vector<std::string> requirements;
    Ending ending;
  } rows[] = {
      {"when-deleted-unstarted", {"HOOK-10"}, DeletedUnstarted},
      {"when-create-fails", {"HOOK-07", "HOOK-10"}, FailsToBeCreated},
      {"when-the-shim-dies-before-start", {"HOOK-10", "REC-03"}, LosesItsShimCreated},
      {"when-the-shim-dies-while-it-runs", {"HOOK-10", "REC-03"}, LosesItsShimRunning},
      {"when-the-shim-dies-after-its-end", {"HOOK-10", "REC-03"}, LosesItsShimStopped},
  };
  for (const auto& row : rows) {
    const Ending ending = row.ending;
    checks.push_back({.id = absl::StrCat("hooks/poststop-runs-once-", row.word),
                      .requirements = row.requirements,
                      .tags = {"matrix"},
                      .needs = ToNeeds(Need::kHooks),
                      .run = [ending](CheckContext& check) { PoststopRunsOnce(check, ending); }});
  }
  checks.push_back({.id = "hooks/none-run-without-a-create",
                    .requirements = {"HOOK-10"},
                    .needs = ToNeeds(Need::kHooks),
                    .run = NothingRunsForNothing});
}

}  // namespace conformance
