// SPDX-License-Identifier: Apache-2.0
// The machine itself: disks that are plugged into it, its size, the files it shares, and a pause.
#include <absl/strings/str_cat.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "conformance/checks/disk_image.h"
#include "conformance/checks/lifecycle_calls.h"
#include "conformance/checks/lifecycle_observation.h"
#include "conformance/checks/stdio_support.h"
#include "conformance/checks/vm.h"
#include "conformance/checks/vm_support.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using fakes::Fault;
using ::testing::ContainsRegex;
using ::testing::Eq;
using ::testing::Ne;

// --- disks ---------------------------------------------------------------------------------------

constexpr char kOnDisk[] = "/data/touched";
constexpr char kTouched[] = "touched\n";  // what the program writes

// A container of such a bundle has the disk at /data.
BundleOptions WithDisk(const DiskImage& disk) {
  BundleOptions options;
  options.edit = [device = disk.device()](const std::string& text) {
    nlohmann::json spec = nlohmann::json::parse(text);
    spec["mounts"].push_back({{"destination", "/data"}, {"type", "ext4"}, {"source", device}});
    return spec.dump();
  };
  return options;
}

void ExpectGoesOn(CheckContext& check, const Task& other, pid_t machine) {
  check.EXPECT_THAT(TheHypervisor(check), Eq(machine),
                    {.text = "the pod's hypervisor", .code = why::kProcessState});
  check.EXPECT_THAT(other.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)),
                    {.text = "the other container", .code = why::kStateWrong});
}

void ExpectWritesToDisk(CheckContext& check, ShimUnderTest& shim, const DiskImage& disk) {
  const Task task = check.Run(Program("touch", kOnDisk), {.bundle = WithDisk(disk), .shim = &shim});
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(0)), {.requirement = "VM-27"});
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(ExitedWith(0)), {.requirement = "VM-27"});
  check.EXPECT_THAT(check.Eventually([&disk] { return !disk.InUse(); }, std::chrono::seconds(5)),
                    Eq(true),
                    {.text = "nobody has the disk of a deleted container",
                     .code = why::kLeftMount,
                     .requirement = "VM-27"});
  check.EXPECT_THAT(disk.Holds(kTouched), Eq(true),
                    {.text = "the disk holds what the container wrote",
                     .code = why::kOutputLost,
                     .requirement = "VM-27"});
}

void DiskIsThere(CheckContext& check) {
  const DiskImage disk(check);
  const Task other = check.Run(Program("pause"));
  const pid_t machine = TheHypervisor(check);
  ExpectWritesToDisk(check, other.shim(), disk);
  ExpectGoesOn(check, other, machine);
}

struct DiskFault {
  const char* word;
  const char* catalogue;
  bool plugged;  // it is in the machine all the same
};
constexpr DiskFault kDiskFaults[] = {
    {"that-is-refused", "add-disk-refused", false},
    {"that-has-no-place", "hot-plug-without-place", true},
    {"at-an-odd-place", "hot-plug-at-odd-place", true},
    {"at-an-empty-place", "hot-plug-at-empty-place", true},
};

void DiskFailsItsContainerAlone(CheckContext& check, const DiskFault& fault) {
  const DiskImage disk(check);
  const Task other = check.Run(Program("pause"));
  const pid_t machine = TheHypervisor(check);
  VmFaults faults(check);
  const VmFaults::Planned planned = faults.OfCatalogue(fault.catalogue);
  const VmFaults::Planned removal =
      faults.OfHypervisor({.verb = "vm.remove-device", .fault = Fault::kSlow, .ms = 1});
  const Bundle bundle = check.MakeBundle(Program("touch", kOnDisk), WithDisk(disk));
  const std::unique_ptr<PendingReply> create = check.CreateAsync(other.shim(), bundle);
  faults.AwaitFired(planned, *create, "Create");
  (void)ExpectCreateFails(check, *create, "a disk " + std::string(fault.word));
  ExpectAnswers(check, other.shim());
  ExpectGoesOn(check, other, machine);
  if (fault.plugged) {
    check.EXPECT_THAT(faults.Firings(removal), Ne(0u),
                      {.text = "calls of vm.remove-device for a disk that was plugged in vain",
                       .code = why::kProcessState});
  }
  // Nothing was wrong with the disk.
  faults.Clear();
  ExpectWritesToDisk(check, other.shim(), disk);
  check.EXPECT_THAT(other.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(other.Wait(), IsOkAndHolds(ExitedWith(137)));
}

void SaysWhyOfTheDisk(CheckContext& check) {
  const DiskImage disk(check);
  const Task other = check.Run(Program("pause"));
  VmFaults faults(check);
  const VmFaults::Planned planned = faults.OfCatalogue("add-disk-refused");
  const Bundle bundle = check.MakeBundle(Program("touch", kOnDisk), WithDisk(disk));
  const std::unique_ptr<PendingReply> create = check.CreateAsync(other.shim(), bundle);
  faults.AwaitFired(planned, *create, "Create");
  const absl::Status status = ExpectCreateFails(check, *create, "a disk that is refused");
  check.EXPECT_THAT(std::string(status.message()), ContainsRegex("no disk"),
                    {.text = "what the error of Create says"});
}

// --- size ----------------------------------------------------------------------------------------

constexpr char kMuchMemory[] = R"({"memory":{"limit":1073741824}})";

void RefusedResizeFailsTheUpdateAlone(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const pid_t machine = TheHypervisor(check);
  VmFaults faults(check);
  const VmFaults::Planned planned = faults.OfCatalogue("resize-refused");
  const absl::Status status = task.Update(kMuchMemory);
  faults.RequireFired(planned);
  check.EXPECT_THAT(status, IsError(), {.text = "Update beyond what the machine may have"});
  check.EXPECT_THAT(std::string(status.message()), ContainsRegex("no more"),
                    {.text = "what the error of Update says"});
  ExpectGoesOn(check, task, machine);
  faults.Clear();
  check.EXPECT_THAT(task.Update(kMuchMemory), IsOk(), {.text = "the same Update once it may"});
  check.EXPECT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(task.Wait(), IsOkAndHolds(ExitedWith(137)));
}

// --- shared files --------------------------------------------------------------------------------

void LostFilesEndTheMachine(CheckContext& check) {
  const Task task = check.Run(Program("pause"));
  const std::vector<ProcessInfo> daemons = FileDaemons(check);
  if (daemons.empty()) check.Skip("no virtiofsd runs beside the hypervisor");
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  // One that has forked goes with its first process, or by itself.
  for (const ProcessInfo& daemon : daemons) (void)::kill(daemon.pid, SIGKILL);
  ExpectReleased(check, *wait, "a container whose files are gone");
  check.EXPECT_THAT(task.Delete(), IsOkAndHolds(EndedWithItsMachine()));
  ExpectAnswers(check, task.shim());
  ExpectNoHypervisor(check, "without its virtiofsd");
}

// --- a pause -------------------------------------------------------------------------------------

// Longer than a health check, or the time it is given, takes; shorter than three of them.
constexpr std::chrono::milliseconds kPause{1500};

void PausedMachineGoesOn(CheckContext& check) {
  const Task task = check.Run(Program("cat"), WithStdin());
  const std::unique_ptr<PendingReply> wait = task.WaitAsync();
  check.Require(ControlHypervisor(check, TheHypervisor(check), "freeze"), {.code = why::kHarness});
  check.Require(task.stdio().WriteInput("x"), {.code = why::kHarness});
  check.Linger(kPause);
  check.EXPECT_THAT(wait->done(), Eq(false),
                    {.text = absl::StrCat("a container ends within a pause of ", kPause.count(),
                                          " ms of its machine"),
                     .code = why::kStateWrong});
  check.EXPECT_THAT(task.stdio().output(), Eq(""),
                    {.text = "the machine stands still", .code = why::kHarness});
  check.Require(ControlHypervisor(check, TheHypervisor(check), "thaw"), {.code = why::kHarness});
  check.EXPECT_THAT(
      task.stdio().AwaitOutputBytes(1), Eq(true),
      {.text = "what was on its way when the machine was paused", .code = why::kOutputLost});
  check.EXPECT_THAT(task.State(), IsOkAndHolds(HasStatus(TaskStatus::kRunning)));
  check.EXPECT_THAT(task.Kill(SIGKILL), IsOk());
  check.EXPECT_THAT(AsExit(wait->Get()), IsOkAndHolds(ExitedWith(137)));
}

}  // namespace

void AddVmMachineChecks(std::vector<Check>& checks) {
  for (const DiskFault& fault : kDiskFaults) {
    checks.push_back(
        {.id = absl::StrCat("vm/a-disk-", fault.word, "-fails-its-container-alone"),
         .requirements = {"VM-28", "VM-27"},
         .tags = {"matrix", kHypervisorFaultsTag},
         .needs = ToNeeds(Need::kGrouping),
         .run = [&fault](CheckContext& check) { DiskFailsItsContainerAlone(check, fault); }});
  }
  const std::vector<Check> rows = {
      {.id = "vm/a-mounted-disk-is-there",
       .requirements = {"VM-27"},
       .tags = {kHypervisorTag},
       .needs = ToNeeds(Need::kGrouping),
       .run = DiskIsThere},
      {.id = "vm/create-says-why-when-a-disk-is-refused",
       .requirements = {"VM-02"},
       .level = Level::kShould,
       .tags = {kHypervisorFaultsTag},
       .needs = ToNeeds(Need::kGrouping),
       .run = SaysWhyOfTheDisk},
      {.id = "vm/a-refused-resize-fails-the-update-alone",
       .requirements = {"VM-29"},
       .tags = {kHypervisorFaultsTag},
       .needs = ToNeeds(Need::kUpdate),
       .run = RefusedResizeFailsTheUpdateAlone},
      {.id = "vm/a-killed-virtiofsd-ends-its-containers",
       .requirements = {"VM-30"},
       .tags = {kHypervisorTag},
       .run = LostFilesEndTheMachine},
      {.id = "vm/a-machine-paused-for-a-while-goes-on",
       .requirements = {"VM-31"},
       .tags = {"slow", kHypervisorFaultsTag},
       .run = PausedMachineGoesOn},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
}

}  // namespace conformance
