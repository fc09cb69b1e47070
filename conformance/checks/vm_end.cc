// SPDX-License-Identifier: Apache-2.0
// Whose machine it is, how it ends, and that nothing of it is left, whoever cleans up.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <vector>

#include "conformance/checks/delete_recovery.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/checks/vm.h"
#include "conformance/checks/vm_support.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/check_profile.h"

namespace conformance {
namespace {

using ::testing::Eq;
using ::testing::Not;
using ::testing::SizeIs;

void ShutDown(CheckContext& check, const Task& task) {
  check.EXPECT_THAT(task.shim().Shutdown(task.id()), IsOk());
  check.ASSERT_THAT(task.shim().AwaitExit(std::chrono::seconds(10)), Eq(true),
                    {.text = "Shutdown ends the shim", .code = why::kLeftProcess});
}

// --- whose machine -------------------------------------------------------------------------------

void OneForAPod(CheckContext& check) {
  const Task first = check.Run(Program("pause"));
  const Task second = check.Run(Program("exit_code", "7"), {.shim = &first.shim()});
  check.EXPECT_THAT(Hypervisors(check), SizeIs(1),
                    {.text = "hypervisors of a pod of two containers", .code = why::kProcessState});
  check.EXPECT_THAT(second.Wait(), IsOkAndHolds(ExitedWith(7)));
  check.Require(second.Delete());
  check.EXPECT_THAT(Hypervisors(check), SizeIs(1),
                    {.text = "hypervisors of a pod that has lost one of two containers",
                     .code = why::kProcessState});
  check.EXPECT_THAT(first.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.Require(first.Kill(SIGKILL));
  check.EXPECT_THAT(first.Wait(), IsOkAndHolds(ExitedWith(137)));
  check.Require(first.Delete());
  ShutDown(check, first);
  ExpectNoHypervisor(check, "after the last container of its pod", "VM-16");
}

void OneForEachPod(CheckContext& check) {
  const Task first = check.Run(Program("pause"));
  const pid_t machine = TheHypervisor(check);
  const Bundle bundle = check.MakeBundle(Program("pause"));
  ShimUnderTest& shim = check.StartShim(bundle);
  const Task second = check.Run(Program("pause"), {.existing_bundle = bundle, .shim = &shim});
  check.ASSERT_THAT(Hypervisors(check), SizeIs(2),
                    {.text = "hypervisors of two pods", .code = why::kProcessState});
  const std::unique_ptr<PendingReply> wait = first.WaitAsync();
  check.ASSERT_THAT(::kill(machine, SIGKILL), Eq(0), {.code = why::kHarness});
  ExpectReleased(check, *wait, "the container of the pod whose hypervisor was killed");
  check.EXPECT_THAT(second.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the container of the other pod"});
  check.EXPECT_THAT(second.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(second.Wait(), IsOkAndHolds(ExitedWith(137)));
}

// --- its end -------------------------------------------------------------------------------------

void NothingIsLeft(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "7"));
  const RunFiles files(check, {bundle.id});
  const Task task = check.Run(Program("exit_code", "7"), {.existing_bundle = bundle});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)));
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(7)));
  ShutDown(check, task);
  ExpectNoHypervisor(check, "after the shim's end");
  files.ExpectAsBefore("after the shim's end");
}

struct StopFault {
  const char* word;
  const char* catalogue;
};
constexpr StopFault kStopFaults[] = {
    {"that-closes-instead-of-an-answer", "shutdown-closes"},
    {"that-exits-without-an-answer", "shutdown-exits"},
    {"that-never-shuts-down", "shutdown-hangs"},
    {"that-dies-in-its-shutdown", "vmm-dies-in-shutdown"},
};

void IsEnded(CheckContext& check, const StopFault& fault) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "7"));
  const RunFiles files(check, {bundle.id});
  VmFaults faults(check);
  const VmFaults::Planned planned = faults.OfCatalogue(fault.catalogue);
  const Task task = check.Run(Program("exit_code", "7"), {.existing_bundle = bundle});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)));
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(7)));
  ShutDown(check, task);
  faults.RequireFired(planned);
  ExpectNoHypervisor(check, "after the shim's end", "VM-19");
  files.ExpectAsBefore("after the shim's end", "VM-19");
}

// The next of the same id finds files, sockets and mounts that nobody has cleaned up.
void LeftoversAreReplaced(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "7"));
  const RunFiles files(check, {bundle.id});
  const Task dead = check.Run(Program("pause"), {.existing_bundle = bundle});
  KillShimAndHypervisor(check, dead.shim());
  ShimUnderTest& shim = check.StartShim(bundle);
  const Task task =
      check.TryCreate(Program("exit_code", "7"), {.existing_bundle = bundle, .shim = &shim});
  check.ASSERT_THAT(task.create_status(), IsOk(),
                    {.text = "Create where a machine of the same id died"});
  check.Require(task.Start());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)));
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(7)));
  ShutDown(check, task);
  ExpectNoHypervisor(check, "after the shim's end");
  files.ExpectAsBefore("after the shim's end");
}

void SilentGuestIsEnded(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "7"));
  const RunFiles files(check, {bundle.id});
  VmFaults faults(check);
  const Task task = check.Run(Program("exit_code", "7"), {.existing_bundle = bundle});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)));
  const VmFaults::Planned removal =
      faults.OfAgent({.verb = "RemoveContainer", .fault = fakes::Fault::kHang, .occurrence = 0});
  const VmFaults::Planned destruction =
      faults.OfAgent({.verb = "DestroySandbox", .fault = fakes::Fault::kHang, .occurrence = 0});
  const std::chrono::milliseconds limit = ProfileOf(check).rpc_limit;
  const absl::StatusOr<ExitInfo> deleted = task.Delete({.deadline = limit});
  check.ASSERT_THAT(deleted.status(), Not(HasCode(absl::StatusCode::kDeadlineExceeded)),
                    {.text = absl::StrCat("Delete ends within ", limit.count(), " ms"),
                     .code = why::kReplyMissing});
  ShutDown(check, task);
  if (faults.Firings(removal) == 0) faults.RequireFired(destruction);
  ExpectNoHypervisor(check, "after the shim's end", "VM-33");
  files.ExpectAsBefore("after the shim's end", "VM-33");
}

// --- `delete` ------------------------------------------------------------------------------------

void DeleteAfterBothDied(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const RunFiles files(check, {bundle.id});
  const Task task = check.Run(Program("pause"), {.existing_bundle = bundle});
  KillShimAndHypervisor(check, task.shim());
  ExpectDelete(check, bundle, "with shim and hypervisor dead");
  ExpectDelete(check, bundle, "a second time");
  files.ExpectAsBefore("after `delete`", "VM-18");
}

void DeleteEndsTheMachine(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("pause"));
  const RunFiles files(check, {bundle.id});
  const Task task = check.Run(Program("pause"), {.existing_bundle = bundle});
  TheHypervisor(check);
  KillShim(check, task.shim());
  ExpectDelete(check, bundle, "with the shim dead and its hypervisor alone");
  ExpectNoHypervisor(check, "after `delete`", "VM-18");
  ExpectDelete(check, bundle, "a second time");
  files.ExpectAsBefore("after `delete`", "VM-18");
}

void DeleteOfAPod(CheckContext& check) {
  const std::vector<Bundle> bundles = {check.MakeBundle(Program("pause")),
                                       check.MakeBundle(Program("pause"))};
  const RunFiles files(check, {bundles[0].id, bundles[1].id});
  const Task first = check.Run(Program("pause"), {.existing_bundle = bundles[0]});
  const Task second =
      check.Run(Program("pause"), {.existing_bundle = bundles[1], .shim = &first.shim()});
  KillShim(check, first.shim());
  for (const DeleteResult& result : check.RunDeletesTogether(bundles)) {
    JudgeDelete(check, result, "of a container of a pod whose shim died");
  }
  ExpectNoHypervisor(check, "after `delete` of the pod's containers", "VM-18");
  files.ExpectAsBefore("after `delete` of the pod's containers", "VM-18");
}

}  // namespace

void AddVmEndChecks(std::vector<Check>& checks) {
  const std::vector<Check> rows = {
      {.id = "vm/containers-of-a-pod-share-a-machine",
       .requirements = {"VM-16"},
       .tags = {kHypervisorTag},
       .needs = ToNeeds(Need::kGrouping),
       .run = OneForAPod},
      {.id = "vm/pods-have-machines-of-their-own",
       .requirements = {"VM-16", "VM-06"},
       .tags = {kHypervisorTag},
       .run = OneForEachPod},
      {.id = "vm/nothing-is-left-of-a-machine",
       .requirements = {"VM-17"},
       .tags = {kHypervisorTag},
       .run = NothingIsLeft},
      {.id = "vm/what-a-dead-machine-left-does-not-hinder-the-next",
       .requirements = {"VM-32", "VM-17"},
       .tags = {kHypervisorTag},
       .run = LeftoversAreReplaced},
      {.id = "vm/a-guest-that-hangs-at-its-end-is-ended",
       .requirements = {"VM-33"},
       .tags = {"slow", kHypervisorFaultsTag},
       .run = SilentGuestIsEnded},
      {.id = "vm/delete-cleans-up-with-shim-and-hypervisor-dead",
       .requirements = {"VM-18", "DEL-04"},
       .tags = {kHypervisorTag},
       .run = DeleteAfterBothDied},
      {.id = "vm/delete-ends-the-hypervisor-of-a-dead-shim",
       .requirements = {"VM-18", "DEL-04"},
       .tags = {kHypervisorTag},
       .run = DeleteEndsTheMachine},
      {.id = "vm/delete-of-all-containers-at-once-ends-their-machine",
       .requirements = {"VM-18", "DEL-04"},
       .tags = {kHypervisorTag},
       .needs = ToNeeds(Need::kGrouping),
       .run = DeleteOfAPod},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
  for (const StopFault& fault : kStopFaults) {
    checks.push_back({.id = absl::StrCat("vm/a-hypervisor-", fault.word, "-is-ended"),
                      .requirements = {"VM-19"},
                      .tags = {"matrix", kHypervisorFaultsTag},
                      .run = [&fault](CheckContext& check) { IsEnded(check, fault); }});
  }
}

}  // namespace conformance
