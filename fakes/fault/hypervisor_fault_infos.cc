// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/fault.h"

namespace fakes {
namespace {

constexpr FaultSeam kHypervisor = FaultSeam::kHypervisor;

constexpr absl::string_view kApi =
    "vmm.ping vmm.shutdown vm.create vm.boot vm.info vm.counters vm.shutdown vm.delete vm.reboot "
    "vm.power-button vm.pause vm.resume vm.resize vm.add-net vm.add-disk vm.add-fs vm.add-pmem "
    "vm.add-vsock vm.add-device vm.remove-device";
constexpr absl::string_view kAnswers =
    "connect vmm.ping vmm.shutdown vm.create vm.boot vm.info vm.counters vm.shutdown vm.delete "
    "vm.reboot vm.power-button vm.pause vm.resume vm.resize vm.add-net vm.add-disk vm.add-fs "
    "vm.add-pmem vm.add-vsock vm.add-device vm.remove-device";
constexpr absl::string_view kHotPlug =
    "vm.add-net vm.add-disk vm.add-fs vm.add-pmem vm.add-vsock vm.add-device";

}  // namespace

void AddHypervisorFaults(std::vector<FaultInfo>& faults) {
  faults.insert(
      faults.end(),
      {{Fault::kSlow, "slow", kHypervisor, kPoint | kUntilOrMs, "",
        "waits until the FIFO `until` has a writer, or `ms` milliseconds, then goes on"},
       {Fault::kHang, "hang", kHypervisor, kPoint, "",
        "does not go on; the API answers nobody meanwhile, the guest lives"},
       {Fault::kFail, "fail", kHypervisor, kPoint | kCode | kMessage, "",
        "the VMM prints `message` on stderr and exits with `code`"},
       {Fault::kDie, "die", kHypervisor, kPoint | kSignal, "",
        "the VMM kills itself with `signal`"},
       {Fault::kFlood, "flood", kHypervisor, kPoint | kBytes, "",
        "the VMM writes `bytes` bytes to stderr"},
       {Fault::kLie, "lie", kHypervisor, 0, kApi, "answers success without doing anything"},
       {Fault::kGarbageOutput, "garbage-output", kHypervisor, kMessage, kAnswers,
        "sends `message` and a line end where the answer belongs"},
       {Fault::kRefuse, "refuse", kHypervisor, kCode | kMessage, kApi,
        "answers HTTP status `code` and `message`, having done nothing"},
       {Fault::kDrop, "drop", kHypervisor, kPoint, kAnswers,
        "closes the connection: `before` having done nothing, `after` having done it (connect: "
        "behind OK)"},
       {Fault::kDrip, "drip", kHypervisor, kUntilOrMs, kAnswers,
        "each byte of the answer comes by itself, `ms` milliseconds after the one before"},
       {Fault::kBare, "bare", kHypervisor, 0, kApi,
        "no header but those HTTP demands; none at all with 204"},
       {Fault::kChunked, "chunked", kHypervisor, 0, kApi, "a body comes in chunks, without length"},
       {Fault::kPhrase, "phrase", kHypervisor, 0, kApi, "the status line has a reason phrase"},
       {Fault::kClose, "close", kHypervisor, 0, kApi, "closes the connection behind the answer"},
       {Fault::kOddBdf, "odd-bdf", kHypervisor, kMessage, kHotPlug,
        "the new device's bdf is `message`; absent if that is empty"},
       {Fault::kReset, "reset", kHypervisor, kPoint, "",
        "every connection to the guest breaks; new ones are possible"},
       {Fault::kPowerOff, "power-off", kHypervisor, kPoint, "",
        "the guest turns itself off, and the VMM exits with 0 (before boot: at once)"}});
}

void AddHypervisorVerbs(std::vector<FaultVerb>& verbs) {
  for (const absl::string_view name :
       {"launch",        "connect",         "vmm.ping",    "vmm.shutdown", "vm.create",
        "vm.boot",       "vm.info",         "vm.counters", "vm.shutdown",  "vm.delete",
        "vm.reboot",     "vm.power-button", "vm.pause",    "vm.resume",    "vm.resize",
        "vm.add-net",    "vm.add-disk",     "vm.add-fs",   "vm.add-pmem",  "vm.add-vsock",
        "vm.add-device", "vm.remove-device"}) {
    verbs.push_back({kHypervisor, name, ""});
  }
}

}  // namespace fakes
