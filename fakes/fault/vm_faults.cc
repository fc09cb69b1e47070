// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/vm_faults.h"

namespace fakes {
namespace {

constexpr FaultPoint kAfter = FaultPoint::kAfter;

FaultRule Refuse(const char* verb, const char* message) {
  return {.verb = verb, .fault = Fault::kRefuse, .code = 500, .message = message};
}

// At each call.
FaultRule Always(const char* verb, Fault fault) {
  return {.verb = verb, .fault = fault, .occurrence = 0};
}

std::vector<VmFault> StartFaults() {
  return {
      {"vmm-never-listens",
       "F1",
       "the VMM runs and never listens on its API socket",
       {{.verb = "launch", .fault = Fault::kHang}}},
      {"vmm-exits-at-once",
       "F2",
       "the VMM exits with 1 and says why on stderr",
       {{.verb = "launch", .fault = Fault::kFail, .message = "no KVM on this machine"}}},
      {"vmm-is-frozen",
       "F3",
       "the VMM listens and is stopped right then",
       {{.verb = "launch", .fault = Fault::kDie, .point = kAfter, .signal = 19}}},
      {"api-never-answers",
       "F3",
       "the API takes vm.create and never answers",
       {{.verb = "vm.create", .fault = Fault::kHang}}},
      {"api-drips",
       "F3",
       "the answer to vm.boot comes with 100 ms between its bytes",
       {{.verb = "vm.boot", .fault = Fault::kDrip, .ms = 100}}},
      {"create-refused", "F4", "vm.create is answered 500", {Refuse("vm.create", "no memory")}},
      {"boot-refused", "F4", "vm.boot is answered 500", {Refuse("vm.boot", "no such kernel")}},
      {"add-net-refused", "F4", "vm.add-net is answered 500", {Refuse("vm.add-net", "no tap")}},
      {"add-disk-refused", "F4", "vm.add-disk is answered 500", {Refuse("vm.add-disk", "no disk")}},
      {"resize-refused", "F4", "vm.resize is answered 500", {Refuse("vm.resize", "no more")}},
      {"boot-is-a-lie",
       "F4",
       "vm.boot is answered 204, and the VM is not running",
       {{.verb = "vm.boot", .fault = Fault::kLie}}},
      {"vmm-floods-stderr",
       "F2",
       "the VMM writes a megabyte to stderr before it listens",
       {{.verb = "launch", .fault = Fault::kFlood}}},
  };
}

std::vector<VmFault> FormFaults() {
  return {
      {"replies-in-single-bytes",
       "F5",
       "each byte of an answer is sent by itself",
       {Always("", Fault::kDrip)}},
      {"replies-without-headers",
       "F5",
       "answers have only what HTTP demands",
       {Always("", Fault::kBare)}},
      {"replies-in-chunks", "F5", "bodies come in chunks", {Always("", Fault::kChunked)}},
      {"replies-with-phrase",
       "F5",
       "status lines have a reason phrase",
       {Always("", Fault::kPhrase)}},
      {"replies-then-closes",
       "F5",
       "the connection is closed behind each answer",
       {Always("", Fault::kClose)}},
      {"info-is-garbage",
       "F5",
       "vm.info is answered with no HTTP at all",
       {{.verb = "vm.info", .fault = Fault::kGarbageOutput, .message = "\\x7fELF"}}},
  };
}

std::vector<VmFault> EndFaults() {
  return {
      {"shutdown-closes",
       "F6",
       "vmm.shutdown is done, the connection closed without an answer",
       {{.verb = "vmm.shutdown", .fault = Fault::kDrop, .point = kAfter}}},
      {"shutdown-exits",
       "F6",
       "the VMM exits by vmm.shutdown and does not answer",
       {{.verb = "vmm.shutdown", .fault = Fault::kPowerOff, .point = kAfter}}},
      {"shutdown-hangs",
       "F7",
       "vmm.shutdown is never answered nor done",
       {{.verb = "vmm.shutdown", .fault = Fault::kHang}}},
      {"vmm-dies-in-shutdown",
       "F13",
       "SIGKILL to the VMM in vmm.shutdown",
       {{.verb = "vmm.shutdown", .fault = Fault::kDie}}},
      {"vmm-dies-idle",
       "F12",
       "SIGKILL to the VMM at the second vmm.ping",
       {{.verb = "vmm.ping", .fault = Fault::kDie, .occurrence = 2}}},
      {"vmm-dies-in-boot",
       "F13",
       "SIGKILL to the VMM once the guest runs, before the answer",
       {{.verb = "vm.boot", .fault = Fault::kDie, .point = kAfter}}},
      {"guest-powers-off",
       "F29",
       "the guest turns itself off at the second vmm.ping",
       {{.verb = "vmm.ping", .fault = Fault::kPowerOff, .occurrence = 2}}},
  };
}

std::vector<VmFault> GuestFaults() {
  return {
      {"agent-port-refuses",
       "F8",
       "CONNECT to the agent is closed without OK",
       {{.verb = "connect", .fault = Fault::kDrop, .container = "1024", .occurrence = 0}}},
      {"agent-port-closes",
       "F8",
       "the connection to the agent is closed behind OK",
       {{.verb = "connect",
         .fault = Fault::kDrop,
         .container = "1024",
         .occurrence = 0,
         .point = kAfter}}},
      {"agent-port-lies",
       "F8",
       "CONNECT to the agent is answered with another line",
       {{.verb = "connect",
         .fault = Fault::kGarbageOutput,
         .container = "1024",
         .occurrence = 0,
         .message = "ERR 1024"}}},
      {"agent-port-silent",
       "F9",
       "CONNECT to the agent is never answered",
       {{.verb = "connect", .fault = Fault::kHang, .container = "1024", .occurrence = 0}}},
      {"guest-connections-break",
       "F11",
       "all connections to the guest break at the second vmm.ping",
       {{.verb = "vmm.ping", .fault = Fault::kReset, .occurrence = 2}}},
      {"hot-plug-without-place",
       "F15",
       "vm.add-disk is answered without a bdf",
       {{.verb = "vm.add-disk", .fault = Fault::kOddBdf, .message = ""}}},
      {"hot-plug-at-odd-place",
       "F15",
       "vm.add-disk is answered with a bdf that is none",
       {{.verb = "vm.add-disk", .fault = Fault::kOddBdf, .message = "nowhere"}}},
      {"hot-plug-at-empty-place",
       "F15",
       "vm.add-disk is answered with a bdf where no device is",
       {{.verb = "vm.add-disk", .fault = Fault::kOddBdf, .message = "0000:00:1f.0"}}},
  };
}

}  // namespace

const std::vector<VmFault>& VmFaults() {
  static const std::vector<VmFault> faults = [] {
    std::vector<VmFault> all;
    for (const std::vector<VmFault>& part :
         {StartFaults(), FormFaults(), EndFaults(), GuestFaults()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return faults;
}

const VmFault* FindVmFault(absl::string_view name) {
  for (const VmFault& fault : VmFaults()) {
    if (fault.name == name) return &fault;
  }
  return nullptr;
}

}  // namespace fakes
