// SPDX-License-Identifier: Apache-2.0
// A Create that boots a machine when the hypervisor, its API, or the agent in the guest is of no
// use: it fails in time, says why, leaves nothing, and the next one works.
#include <absl/strings/str_cat.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/checks/vm.h"
#include "conformance/checks/vm_pod_network.h"
#include "conformance/checks/vm_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using fakes::Fault;
using ::testing::ContainsRegex;
using ::testing::Eq;
using ::testing::IsEmpty;

// What makes a machine useless, by a row of the catalogue or by a rule of the agent.
struct BootFault {
  const char* word;       // in ids, behind "when-"
  const char* catalogue;  // nullptr: `rule`
  fakes::FaultRule rule;
  // What the error must hold, a regular expression; nullptr: told by another row as well.
  const char* says;
  bool has_network = false;  // the pod's: without it the call does not come
};

const std::vector<BootFault>& BootFaults() {
  static const std::vector<BootFault> kFaults = {
      {"the-hypervisor-never-listens", "vmm-never-listens", {}, nullptr},
      {"the-hypervisor-exits-at-once", "vmm-exits-at-once", {}, "no KVM on this machine"},
      {"the-hypervisor-is-frozen", "vmm-is-frozen", {}, nullptr},
      {"the-api-never-answers", "api-never-answers", {}, nullptr},
      {"the-machine-is-refused", "create-refused", {}, "no memory"},
      {"the-boot-is-refused", "boot-refused", {}, "no such kernel"},
      {"the-nic-is-refused", "add-net-refused", {}, "no tap", true},
      {"the-guest-refuses-its-link",
       nullptr,
       {.verb = "UpdateInterface",
        .fault = Fault::kRefuse,
        .occurrence = 0,
        .code = 13,
        .message = "no such link"},
       "no such link",
       true},
      {"the-boot-is-only-claimed", "boot-is-a-lie", {}, nullptr},
      {"the-hypervisor-dies-in-boot", "vmm-dies-in-boot", {}, nullptr},
      {"the-agents-port-refuses", "agent-port-refuses", {}, "[Aa]gent"},
      {"the-agents-port-closes", "agent-port-closes", {}, nullptr},
      {"the-agents-port-talks-nonsense", "agent-port-lies", {}, nullptr},
      {"the-agents-port-is-silent", "agent-port-silent", {}, nullptr},
      {"the-agent-is-silent",
       nullptr,
       {.verb = "", .fault = Fault::kHang, .occurrence = 0},
       "[Aa]gent"},
      {"the-guest-refuses-its-sandbox",
       nullptr,
       {.verb = "CreateSandbox", .fault = Fault::kRefuse, .code = 13, .message = "no such mount"},
       "no such mount"},
      {"the-guest-never-makes-its-sandbox",
       nullptr,
       {.verb = "CreateSandbox", .fault = Fault::kHang},
       nullptr},
      {"the-guest-refuses-the-container",
       nullptr,
       {.verb = "CreateContainer", .fault = Fault::kRefuse, .code = 13, .message = "no such root"},
       "no such root"},
      {"the-guest-never-makes-the-container",
       nullptr,
       {.verb = "CreateContainer", .fault = Fault::kHang},
       nullptr},
      {"the-guest-powers-off",
       nullptr,
       {.verb = "CreateContainer", .fault = Fault::kPowerOff},
       nullptr},
      {"the-agent-breaks-the-connection",
       nullptr,
       {.verb = "CreateContainer", .fault = Fault::kReset},
       nullptr},
  };
  return kFaults;
}

// The pod's network, where the fault is one of it.
std::optional<PodNetwork> NetworkFor(CheckContext& check, const BootFault& fault) {
  if (!fault.has_network) return std::nullopt;
  return std::optional<PodNetwork>(std::in_place, check);
}

BundleOptions In(const std::optional<PodNetwork>& network) {
  return network ? network->InBundle() : BundleOptions();
}

VmFaults::Planned Plan(VmFaults& faults, const BootFault& fault) {
  return fault.catalogue != nullptr ? faults.OfCatalogue(fault.catalogue)
                                    : faults.OfAgent(fault.rule);
}

// The hypervisor may be gone a moment after the answer, its container never was.
void ExpectNeverMade(CheckContext& check, ShimUnderTest& shim, const Bundle& bundle) {
  ExpectAnswers(check, shim);
  check.EXPECT_THAT(shim.Call("State", StateRequest(bundle.id)),
                    HasCode(absl::StatusCode::kNotFound),
                    {.text = "State after a failed Create", .requirement = "VM-05"});
  ExpectNoHypervisor(check, "after a failed Create", "VM-05");
  check.EXPECT_THAT(check.World().MountsBelow(bundle.path), IsEmpty(),
                    {.text = "mounts below the bundle after a failed Create",
                     .code = why::kLeftMount,
                     .requirement = "VM-05"});
}

void FailsInTime(CheckContext& check, const BootFault& fault) {
  const std::optional<PodNetwork> network = NetworkFor(check, fault);
  const Bundle bundle = check.MakeBundle(Program("exit_code", "7"), In(network));
  const RunFiles files(check, {bundle.id});
  ShimUnderTest& shim = check.StartShim(bundle);
  VmFaults faults(check);
  const VmFaults::Planned planned = Plan(faults, fault);
  const std::unique_ptr<PendingReply> create = check.CreateAsync(shim, bundle);
  const std::string what = "a machine whose " + planned.what;
  (void)ExpectCreateFails(check, *create, what);
  faults.ExpectFired(planned);
  ExpectNeverMade(check, shim, bundle);
  files.ExpectAsBefore("after a failed Create", "VM-05");
  // Nothing was wrong with the container.
  faults.Clear();
  CreateOptions again;
  again.existing_bundle = bundle;
  again.shim = &shim;
  const Task task = check.TryCreate(Program("exit_code", "7"), again);
  check.ASSERT_THAT(task.create_status(), IsOk(),
                    {.text = "the same Create with a machine that works", .requirement = "VM-05"});
  check.Require(task.Start());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)), {.requirement = "VM-05"});
}

void NetworkIsAsBefore(CheckContext& check, const BootFault& fault) {
  const PodNetwork network(check);
  const Bundle bundle = check.MakeBundle(Program("exit_code", "7"), network.InBundle());
  ShimUnderTest& shim = check.StartShim(bundle);
  VmFaults faults(check);
  const VmFaults::Planned planned = Plan(faults, fault);
  const std::unique_ptr<PendingReply> create = check.CreateAsync(shim, bundle);
  (void)ExpectCreateFails(check, *create, "a machine whose " + planned.what);
  faults.ExpectFired(planned);
  network.ExpectAsBefore("after a failed Create");
}

void SaysWhy(CheckContext& check, const BootFault& fault) {
  const std::optional<PodNetwork> network = NetworkFor(check, fault);
  const Bundle bundle = check.MakeBundle(Program("exit_code", "7"), In(network));
  ShimUnderTest& shim = check.StartShim(bundle);
  VmFaults faults(check);
  const VmFaults::Planned planned = Plan(faults, fault);
  const std::unique_ptr<PendingReply> create = check.CreateAsync(shim, bundle);
  const absl::Status status = ExpectCreateFails(check, *create, "a machine whose " + planned.what);
  faults.ExpectFired(planned);
  check.EXPECT_THAT(std::string(status.message()), ContainsRegex(fault.says),
                    {.text = "what the error of Create says"});
}

// containerd ends a shim whose only Create has failed.
void ShimEndsAfterwards(CheckContext& check) {
  const Bundle bundle = check.MakeBundle(Program("exit_code", "7"));
  const RunFiles files(check, {bundle.id});
  ShimUnderTest& shim = check.StartShim(bundle);
  VmFaults faults(check);
  const VmFaults::Planned planned = faults.OfCatalogue("boot-refused");
  const std::unique_ptr<PendingReply> create = check.CreateAsync(shim, bundle);
  (void)ExpectCreateFails(check, *create, "a machine whose boot is refused");
  faults.ExpectFired(planned);
  check.EXPECT_THAT(shim.Shutdown(bundle.id), IsOk());
  check.ASSERT_THAT(shim.AwaitExit(std::chrono::seconds(10)), Eq(true),
                    {.text = "Shutdown ends the shim", .code = why::kLeftProcess});
  check.EXPECT_THAT(check.RunDelete(bundle).command.ExitedWith(0), Eq(true),
                    {.text = "`delete` after a failed Create", .code = why::kProcessState});
  ExpectNoHypervisor(check, "after the shim's end", "VM-05");
  files.ExpectAsBefore("after the shim's end", "VM-05");
  check.EXPECT_THAT(Topics(ForContainer(check.Events(), bundle.id)), IsEmpty(),
                    {.text = "no event for a task that never was",
                     .code = why::kEventUnexpected,
                     .requirement = "EVT-22"});
}

// --- answers in other forms ----------------------------------------------------------------------

struct ReplyForm {
  const char* word;
  const char* catalogue;  // nullptr: an answer that comes slowly, but within everybody's bounds
};
constexpr ReplyForm kReplyForms[] = {
    {"in-single-bytes", "replies-in-single-bytes"},
    {"without-any-header-to-spare", "replies-without-headers"},
    {"in-chunks", "replies-in-chunks"},
    {"with-a-reason-phrase", "replies-with-phrase"},
    {"behind-which-the-connection-closes", "replies-then-closes"},
    {"that-drip", nullptr},
};

void FormIsUnderstood(CheckContext& check, const ReplyForm& form) {
  VmFaults faults(check);
  const VmFaults::Planned planned =
      form.catalogue != nullptr
          ? faults.OfCatalogue(form.catalogue)
          : faults.OfHypervisor({.verb = "vm.boot", .fault = Fault::kDrip, .ms = 10});
  const Task task = check.Run(Program("exit_code", "7"));
  faults.ExpectFired(planned);
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)));
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(7)));
}

void NoisyHypervisorIsNoObstacle(CheckContext& check) {
  VmFaults faults(check);
  const VmFaults::Planned planned = faults.OfCatalogue("vmm-floods-stderr");
  const Task task = check.Run(Program("exit_code", "7"));
  faults.ExpectFired(planned);
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(7)));
}

}  // namespace

void AddVmBootChecks(std::vector<Check>& checks) {
  for (const BootFault& fault : BootFaults()) {
    const Needs needs = fault.has_network ? ToNeeds(Need::kNetwork) : 0;
    std::vector<std::string> requirements = {"VM-01", "VM-05"};
    if (fault.has_network) requirements.emplace_back("VM-37");
    checks.push_back({.id = absl::StrCat("vm/create-fails-in-time-when-", fault.word),
                      .requirements = std::move(requirements),
                      .tags = {"matrix", "slow", kHypervisorFaultsTag},
                      .needs = needs,
                      .run = [&fault](CheckContext& check) { FailsInTime(check, fault); }});
    if (fault.has_network) {
      checks.push_back(
          {.id = absl::StrCat("vm/the-network-of-a-pod-is-as-before-when-", fault.word),
           .requirements = {"VM-38"},
           .level = Level::kShould,
           .tags = {"matrix", kHypervisorFaultsTag},
           .needs = needs,
           .run = [&fault](CheckContext& check) { NetworkIsAsBefore(check, fault); }});
    }
    if (fault.says == nullptr) continue;
    checks.push_back({.id = absl::StrCat("vm/create-says-why-when-", fault.word),
                      .requirements = {"VM-02"},
                      .level = Level::kShould,
                      .tags = {"matrix", "slow", kHypervisorFaultsTag},
                      .needs = needs,
                      .run = [&fault](CheckContext& check) { SaysWhy(check, fault); }});
  }
  for (const ReplyForm& form : kReplyForms) {
    checks.push_back({.id = absl::StrCat("vm/answers-", form.word, "-are-understood"),
                      .requirements = {"VM-03"},
                      .tags = {"matrix", kHypervisorFaultsTag},
                      .run = [&form](CheckContext& check) { FormIsUnderstood(check, form); }});
  }
  checks.push_back({.id = "vm/a-hypervisor-that-floods-stderr-boots",
                    .requirements = {"VM-04"},
                    .tags = {kHypervisorFaultsTag},
                    .run = NoisyHypervisorIsNoObstacle});
  checks.push_back({.id = "vm/the-shim-ends-after-a-failed-boot",
                    .requirements = {"VM-05", "SHUT-05", "DEL-04"},
                    .tags = {kHypervisorFaultsTag},
                    .run = ShimEndsAfterwards});
}

}  // namespace conformance
