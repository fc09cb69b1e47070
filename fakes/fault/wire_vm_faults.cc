// SPDX-License-Identifier: Apache-2.0
// What shims tell wrongly of containers in a virtual machine, seen from containerd's side. What
// they do wrong with the machine itself is in shim_faults_vm.cc.
#include <absl/strings/str_cat.h>

#include "fakes/fault/wire_fault_rows.h"

namespace fakes {
namespace {

constexpr char kProfile[] = "reference-vm";

std::vector<KnownFault> OfCreate() {
  return {
      {.name = "vm-failed-creates-stay",
       .what = "a container whose machine did not boot is there all the same",
       .origin = "D7 VM-05",
       .rules = {"reply State when NOT_FOUND empty"},
       .kills = {{"vm/create-fails-in-time-when-the-hypervisor-exits-at-once", "reply.code"},
                 {"vm/create-fails-in-time-when-the-machine-is-refused", "reply.code"},
                 {"vm/create-fails-in-time-when-the-boot-is-refused", "reply.code"},
                 {"vm/create-fails-in-time-when-the-nic-is-refused", "reply.code"},
                 {"vm/create-fails-in-time-when-the-guest-refuses-its-link", "reply.code"},
                 {"vm/create-fails-in-time-when-the-boot-is-only-claimed", "reply.code"},
                 {"vm/create-fails-in-time-when-the-hypervisor-dies-in-boot", "reply.code"},
                 {"vm/create-fails-in-time-when-the-agents-port-refuses", "reply.code"},
                 {"vm/create-fails-in-time-when-the-agents-port-closes", "reply.code"},
                 {"vm/create-fails-in-time-when-the-agents-port-talks-nonsense", "reply.code"},
                 {"vm/create-fails-in-time-when-the-guest-refuses-its-sandbox", "reply.code"},
                 {"vm/create-fails-in-time-when-the-guest-refuses-the-container", "reply.code"},
                 {"vm/create-fails-in-time-when-the-guest-powers-off", "reply.code"},
                 {"vm/create-fails-in-time-when-the-agent-breaks-the-connection", "reply.code"}}},
      {.name = "vm-shim-dies-of-a-refusal",
       .what = "a container that the guest refuses ends the shim, and with it the pod",
       .origin = "VM-15",
       .rules = {"reply Create where code!=0 signal 9"},
       .kills = {{"vm/a-refused-container-touches-no-other", "shim.crashed"},
                 {"vm/a-disk-that-is-refused-fails-its-container-alone", "shim.crashed"},
                 {"vm/a-disk-that-has-no-place-fails-its-container-alone", "shim.crashed"},
                 {"vm/a-disk-at-an-odd-place-fails-its-container-alone", "shim.crashed"},
                 {"vm/a-disk-at-an-empty-place-fails-its-container-alone", "shim.crashed"}}},
      {.name = "vm-disks-are-left-out",
       .what = "a mount of a block device is dropped, since it cannot be shared as a directory",
       .origin = "VM-27",
       .rules = {R"(request Create nth 2 spec "remove-last /mounts")"},
       .kills = {{"vm/a-mounted-disk-is-there", "exit.status"}}},
      {.name = "vm-refused-resize-is-hidden",
       .what = "an Update for which the machine cannot grow is answered OK",
       .origin = "VM-29",
       .rules = {"reply Update where code!=0 empty"},
       .kills = {{"vm/a-refused-resize-fails-the-update-alone", "reply.code"}}},
      {.name = "vm-network-is-forgotten",
       .what = "the pod's network namespace is not looked at: the machine has no NIC",
       .origin = "VM-35",
       .rules = {R"(request Create spec "remove-last /linux/namespaces")"},
       .kills = {{"vm/the-guest-has-the-links-of-its-pod", "network.state"},
                 {"vm/a-container-reaches-its-peer-over-ipv4", "network.state"},
                 {"vm/a-container-reaches-its-peer-over-ipv6", "network.state"},
                 {"vm/all-containers-reach-the-peer-of-their-pod", "network.state"}}},
      {.name = "vm-pods-without-links-are-refused",
       .what = "a network namespace with nothing but lo fails Create",
       .origin = "VM-39",
       .rules = {"reply Create fail INTERNAL no link in the network namespace"},
       .kills = {{"vm/a-pod-with-nothing-but-lo-has-no-nic", "reply.code"}}},
      {.name = "vm-create-outlives-the-machine",
       .what = "a Create amid which the machine dies waits for its agent",
       .origin = "N2 VM-09",
       .rules = {"reply Create delay 7000"},
       .kills = {{"vm/a-hypervisor-killed-in-create-ends-the-call", "reply.missing"}}},
      {.name = "vm-boot-has-no-limit",
       .what = "Create waits for ever for a machine that says nothing",
       .origin = "N7 VM-01",
       .rules = {"reply Create where code=4 drop"},
       .kills = {{"vm/create-fails-in-time-when-the-hypervisor-never-listens", "reply.missing"},
                 {"vm/create-fails-in-time-when-the-hypervisor-is-frozen", "reply.missing"},
                 {"vm/create-fails-in-time-when-the-api-never-answers", "reply.missing"},
                 {"vm/create-fails-in-time-when-the-agents-port-is-silent", "reply.missing"},
                 {"vm/create-fails-in-time-when-the-agent-is-silent", "reply.missing"},
                 {"vm/create-fails-in-time-when-the-guest-never-makes-its-sandbox",
                  "reply.missing"},
                 {"vm/create-fails-in-time-when-the-guest-never-makes-the-container",
                  "reply.missing"}}},
      {.name = "vm-errors-of-create-say-nothing",
       .what = "whatever fails in Create is told as 'create failed'",
       .origin = "VM-02",
       .rules = {R"(reply Create where code!=0 text "create failed")"},
       .kills = {{"vm/create-says-why-when-the-hypervisor-exits-at-once", "reply.field"},
                 {"vm/create-says-why-when-the-machine-is-refused", "reply.field"},
                 {"vm/create-says-why-when-the-boot-is-refused", "reply.field"},
                 {"vm/create-says-why-when-the-nic-is-refused", "reply.field"},
                 {"vm/create-says-why-when-the-guest-refuses-its-link", "reply.field"},
                 {"vm/create-says-why-when-the-agents-port-refuses", "reply.field"},
                 {"vm/create-says-why-when-the-agent-is-silent", "reply.field"},
                 {"vm/create-says-why-when-the-guest-refuses-its-sandbox", "reply.field"},
                 {"vm/create-says-why-when-the-guest-refuses-the-container", "reply.field"},
                 {"vm/create-says-why-when-a-disk-is-refused", "reply.field"}}},
      {.name = "vm-answers-are-not-understood",
       .what = "an answer of the hypervisor that has another form than usual fails Create",
       .origin = "VM-03",
       .rules = {"reply Create fail INTERNAL malformed HTTP response"},
       .kills = {{"vm/answers-in-single-bytes-are-understood", "reply.code"},
                 {"vm/answers-without-any-header-to-spare-are-understood", "reply.code"},
                 {"vm/answers-in-chunks-are-understood", "reply.code"},
                 {"vm/answers-with-a-reason-phrase-are-understood", "reply.code"},
                 {"vm/answers-behind-which-the-connection-closes-are-understood", "reply.code"},
                 {"vm/answers-that-drip-are-understood", "reply.code"},
                 {"vm/a-hypervisor-that-floods-stderr-boots", "reply.code"}}},
      {.name = "vm-shim-stays-after-a-failed-boot",
       .what = "the shim whose only Create has failed ignores Shutdown",
       .origin = "D16 VM-05",
       .rules = {"request Shutdown empty"},
       .kills = {{"vm/the-shim-ends-after-a-failed-boot", "left.process"}}},
  };
}

std::vector<KnownFault> OfTheEnd() {
  return {
      {.name = "vm-death-is-success",
       .what = "what a machine's death ends has ended with 0",
       .origin = "N1 VM-06",
       .rules = {"reply Wait where exit_status>127 set exit_status=0"},
       .kills = {{"vm/a-killed-hypervisor-releases-every-wait", "exit.status"},
                 {"vm/a-killed-hypervisor-releases-the-wait-for-an-exec", "exit.status"},
                 {"vm/a-killed-hypervisor-ends-what-was-not-started", "exit.status"},
                 {"vm/a-killed-hypervisor-ends-all-containers-of-a-pod", "exit.status"},
                 {"vm/a-guest-that-powers-off-ends-its-containers", "exit.status"},
                 {"vm/a-killed-virtiofsd-ends-its-containers", "exit.status"},
                 {"vm/a-lost-agent-ends-its-containers", "exit.status"},
                 {"vm/a-frozen-hypervisor-can-be-ended", "exit.status"},
                 {"vm/an-agent-silent-for-good-is-noticed", "exit.status"},
                 {"vm/pods-have-machines-of-their-own", "exit.status"},
                 {"vm/a-hypervisor-killed-in-start-ends-the-call", "exit.status"},
                 {"vm/a-hypervisor-killed-in-exec-ends-the-call", "exit.status"},
                 {"vm/a-hypervisor-killed-in-kill-ends-the-call", "exit.status"},
                 {"vm/a-hypervisor-killed-in-pause-ends-the-call", "exit.status"},
                 {"vm/a-hypervisor-killed-in-resume-ends-the-call", "exit.status"},
                 {"vm/a-hypervisor-killed-in-update-ends-the-call", "exit.status"}}},
      {.name = "vm-delete-outlives-the-machine",
       .what = "a Delete amid which the machine dies waits for its agent",
       .origin = "N2 VM-09",
       .rules = {"reply Delete delay 7000"},
       .kills = {{"vm/a-hypervisor-killed-in-delete-ends-the-call", "reply.missing"}}},
      {.name = "vm-teardown-waits-for-the-guest",
       .what = "a Delete whose guest never answers waits for it",
       .origin = "VM-33",
       .rules = {"reply Delete drop"},
       .kills = {{"vm/a-guest-that-hangs-at-its-end-is-ended", "reply.missing"}}},
      {.name = "vm-exit-time-is-the-guests",
       .what = "exited_at is what the clock of the guest says, which is an hour fast",
       .origin = "VM-34",
       .rules = {"reply Wait set exited_at+=3600000"},
       .kills = {{"lifecycle/exit-time-lies-between-start-and-now", "exit.status"}}},
      {.name = "vm-death-is-told-twice",
       .what = "the watch of the hypervisor and the reader of the agent both publish the exit",
       .origin = "A2 VM-07",
       .rules = {"event /tasks/exit dup"},
       .kills = {{"vm/a-killed-hypervisor-is-told-once-per-process", "event.duplicate"}}},
      {.name = "vm-state-outlives-the-machine",
       .what = "State goes on saying RUNNING",
       .origin = "N1 VM-08",
       .rules = {"reply State where status=STOPPED set status=RUNNING"},
       .kills = {{"vm/a-container-is-stopped-after-its-hypervisor-was-killed", "state.wrong"}}},
      {.name = "vm-shim-dies-of-the-next-container",
       .what = "a Create after the machine has died ends the shim",
       .origin = "N2 VM-08",
       .rules = {"request Create nth 2 signal 9"},
       .kills = {{"vm/a-killed-hypervisor-does-not-wedge-the-shim", "shim.crashed"}}},
      {.name = "vm-shim-ends-with-a-container",
       .what = "the shim and its machine end with the first container of the pod that is deleted",
       .origin = "VM-16",
       .rules = {"reply Delete nth 1 signal 9"},
       .kills = {{"vm/containers-of-a-pod-share-a-machine", "shim.crashed"}}},
      {.name = "vm-statuses-are-passed-on",
       .what = "whatever the guest tells is the exit status",
       .origin = "VM-20",
       .rules = {"reply Wait where exit_status=255 set exit_status=300"},
       .kills = {{"vm/a-status-that-is-refused-is-255", "exit.status"},
                 {"vm/a-status-above-255-is-255", "exit.status"},
                 {"vm/a-status-below-0-is-255", "exit.status"}}},
      {.name = "vm-unknown-process-is-an-error",
       .what = "Kill of a process that the guest does not know is INTERNAL",
       .origin = "B3 VM-21",
       .rules = {"reply Kill when NOT_FOUND code INTERNAL"},
       .kills = {{"vm/a-signal-to-an-unknown-process-is-no-error", "reply.code"}}},
      {.name = "vm-kill-waits-for-the-guests-create",
       .what = "a Kill waits for what the guest is doing for another container",
       .origin = "VM-13 TASK-03",
       .rules = {"reply Kill where request.signal=9 once delay 3000"},
       .kills = {{"vm/a-slow-guest-create-delays-no-call-of-others", "reply.delayed"}}},
      {.name = "vm-kill-is-refused-by-a-busy-guest",
       .what = "a Kill fails while the guest is busy with another container",
       .origin = "VM-13 TASK-03",
       .rules = {"reply Kill where request.signal=9 once fail UNAVAILABLE the guest is busy"},
       .kills = {{"vm/a-slow-guest-create-delays-no-call-of-others", "reply.code"}}},
      {.name = "vm-lack-of-memory-is-told-twice",
       .what = "the OOM event is published by the watcher and by the exit",
       .origin = "J1 VM-24",
       .rules = {"event /tasks/oom dup"},
       .kills = {{"vm/a-lack-of-memory-is-told-once", "event.duplicate"}}},
      {.name = "vm-lack-of-memory-is-told-after-delete",
       .what = "a late word of the guest is published although the container is deleted",
       .origin = "J1 VM-24",
       .rules = {"reply Delete emit /tasks/oom container_id=@request.id"},
       .kills = {{"vm/no-lack-of-memory-is-told-after-delete", "event.unexpected"}}},
  };
}

// Calls of the guest without a limit: the reply that the limit would bring never comes.
std::vector<KnownFault> OfHungCalls() {
  struct Hung {
    const char* name;
    const char* word;
    const char* rule;
  };
  constexpr Hung kHung[] = {
      {"vm-create-has-no-limit", "create", "reply Create nth 2 drop"},
      {"vm-start-has-no-limit", "start", "reply Start nth 2 drop"},
      {"vm-exec-has-no-limit", "exec", "reply Start nth 3 drop"},
      {"vm-kill-has-no-limit", "kill", "reply Kill nth 1 drop"},
      {"vm-delete-has-no-limit", "delete", "reply Delete nth 1 drop"},
      {"vm-pause-has-no-limit", "pause", "reply Pause nth 1 drop"},
      {"vm-resume-has-no-limit", "resume", "reply Resume nth 1 drop"},
      {"vm-update-has-no-limit", "update", "reply Update nth 1 drop"},
  };
  static const std::vector<std::string> checks = [&] {
    std::vector<std::string> ids;
    for (const Hung& hung : kHung) {
      ids.push_back(absl::StrCat("vm/a-hung-guest-", hung.word, "-ends-in-time"));
    }
    return ids;
  }();
  std::vector<KnownFault> faults;
  for (const Hung& hung : kHung) {
    faults.push_back({.name = hung.name,
                      .what = "a call to the guest that is never answered is waited for",
                      .origin = "VM-14",
                      .rules = {hung.rule},
                      .kills = {{checks[faults.size()], "reply.missing"}}});
  }
  return faults;
}

}  // namespace

std::vector<KnownFault> WireVmFaults() {
  std::vector<KnownFault> all;
  for (std::vector<KnownFault> (*part)() : {OfCreate, OfTheEnd, OfHungCalls}) {
    for (KnownFault& fault : part()) {
      fault.profile = kProfile;
      all.push_back(std::move(fault));
    }
  }
  return all;
}

}  // namespace fakes
