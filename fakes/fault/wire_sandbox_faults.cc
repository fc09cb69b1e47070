// SPDX-License-Identifier: Apache-2.0
// What shims do to sandboxes (contract 9).
#include "fakes/fault/wire_fault_rows.h"

namespace fakes {
namespace {

constexpr char kProfile[] = "reference";

std::vector<KnownFault> OfTheBeginning() {
  return {
      {.name = "sandbox-start-wants-a-config",
       .what = "start fails without a config.json, although sandboxes have none",
       .origin = "SBX-21",
       .rules = {"start where #file.config.json=0 exit 1"},
       .kills = {{"sandbox/start-needs-no-config", "start.failed"}}},
      {.name = "sandbox-options-unknown",
       .what = "CreateSandbox takes no options but the shim's own",
       .origin = "SBX-02",
       .rules = {"request CreateSandbox where netns_path~/ fail INVALID_ARGUMENT unknown options"},
       .kills = {{"sandbox/takes-what-kubernetes-passes", "reply.code"}}},
      {.name = "sandbox-without-creation-time",
       .what = "StartSandbox tells no time",
       .origin = "SBX-04",
       .rules = {"reply StartSandbox clear created_at"},
       .kills = {{"sandbox/start-tells-pid-and-time", "reply.field"}}},
      {.name = "sandbox-pid-is-the-shims",
       .what = "StartSandbox tells the shim's pid, SandboxStatus another",
       .origin = "SBX-10",
       .rules = {"reply StartSandbox set pid=@shim"},
       .kills = {{"sandbox/start-tells-pid-and-time", "reply.field"}}},
      {.name = "sandbox-status-has-no-times",
       .what = "SandboxStatus tells no exited_at",
       .origin = "SBX-11",
       .rules = {"reply SandboxStatus clear exited_at"},
       .kills = {{"sandbox/status-tells-the-times", "reply.field"}}},
      {.name = "sandbox-state-in-other-words",
       .what = "SandboxStatus says READY",
       .origin = "SBX-09",
       .rules = {"reply SandboxStatus where state=SANDBOX_READY set state=READY"},
       .kills = {{"sandbox/states-are-the-names-of-kubernetes", "state.wrong"}}},
      {.name = "sandbox-ready-for-ever",
       .what = "SandboxStatus of a stopped sandbox says that it is ready",
       .origin = "SBX-09",
       .rules = {"reply SandboxStatus set state=SANDBOX_READY"},
       .kills = {{"sandbox/states-are-the-names-of-kubernetes", "state.wrong"},
                 {"sandbox/stop-keeps-to-its-time", "state.wrong"}}},
      {.name = "sandbox-information-is-text",
       .what = "verbose information is no JSON",
       .origin = "SBX-12",
       .rules = {"reply SandboxStatus where request.verbose=true set info[0].value=\"pid: 7\""},
       .kills = {{"sandbox/verbose-information-is-json", "reply.field"}}},
      {.name = "sandbox-platform-of-the-kernel",
       .what = "Platform names the architecture as uname does",
       .origin = "SBX-08",
       .rules = {"reply Platform set platform.architecture=x86_64"},
       .kills = {{"sandbox/platform-is-told-as-go-does", "reply.field"}}},
      {.name = "sandbox-metrics-fail",
       .what = "SandboxMetrics fails",
       .origin = "SBX-20",
       .rules = {"request SandboxMetrics fail INTERNAL no cgroup"},
       .kills = {{"sandbox/metrics-or-none", "reply.code"}}},
  };
}

std::vector<KnownFault> OfTheEnd() {
  return {
      {.name = "sandbox-wait-returns-at-once",
       .what = "WaitSandbox does not wait",
       .origin = "SBX-06 SBX-40",
       .rules = {"request WaitSandbox empty"},
       .kills = {{"sandbox/wait-lasts-until-the-stop", "exit.status"},
                 {"sandbox/ends-are-told-where-they-belong", "exit.status"},
                 {"sandbox/a-restarted-containerd-waits-again", "exit.status"}}},
      {.name = "sandbox-late-waits-differ",
       .what = "a WaitSandbox after the end tells another status",
       .origin = "SBX-07",
       .rules = {"reply WaitSandbox from 2 set exit_status=9"},
       .kills = {{"sandbox/wait-lasts-until-the-stop", "exit.status"}}},
      {.name = "sandbox-stops-once",
       .what = "a second StopSandbox fails",
       .origin = "SBX-14",
       .rules = {"request StopSandbox from 2 fail FAILED_PRECONDITION it is stopped"},
       .kills = {{"sandbox/stop-may-be-repeated", "reply.code"}}},
      {.name = "sandbox-stop-takes-its-time",
       .what = "StopSandbox waits six seconds, whatever it was told",
       .origin = "SBX-14",
       .rules = {"reply StopSandbox where request.timeout_secs=2 delay 6000"},
       .kills = {{"sandbox/stop-keeps-to-its-time", "reply.delayed"}}},
      {.name = "sandbox-forgotten-when-stopped",
       .what = "a stopped sandbox is not known any more",
       .origin = "SBX-13",
       .rules = {"request SandboxStatus after reply StopSandbox fail NOT_FOUND no such sandbox"},
       .kills = {{"sandbox/what-was-stopped-is-still-known", "reply.code"}}},
      {.name = "sandbox-stop-ends-the-shim",
       .what = "StopSandbox ends the shim",
       .origin = "SBX-15 SBX-40",
       .rules = {"reply StopSandbox signal 15"},
       .kills = {{"sandbox/what-was-stopped-is-still-known", "shim.crashed"}}},
      {.name = "sandbox-shutdown-ends-nothing",
       .what = "ShutdownSandbox is answered, but the shim lives on",
       .origin = "SBX-16",
       .rules = {"request ShutdownSandbox empty"},
       .kills = {{"sandbox/shutdown-ends-the-shim", "left.process"},
                 {"sandbox/shutdown-is-accepted-in-any-state", "left.process"}}},
      {.name = "sandbox-shutdown-unanswered",
       .what = "the connection closes instead of an answer to ShutdownSandbox",
       .origin = "SBX-17",
       .rules = {"reply ShutdownSandbox close"},
       .kills = {{"sandbox/shutdown-is-answered-first", "reply.code"}}},
      {.name = "sandbox-shutdown-only-when-created",
       .what = "ShutdownSandbox of what was never created fails",
       .origin = "SBX-03",
       .rules = {"request ShutdownSandbox nth 1 fail NOT_FOUND no such sandbox"},
       .kills = {{"sandbox/shutdown-is-accepted-in-any-state", "reply.code"}}},
      {.name = "sandbox-delete-wants-a-config",
       .what = "delete fails in a bundle without config.json",
       .origin = "SBX-18",
       .rules = {"delete where #file.config.json=0 exit 1"},
       .kills = {{"sandbox/delete-copes-with-its-bundle", "process.state"}}},
  };
}

std::vector<KnownFault> OfOrderAndTasks() {
  return {
      {.name = "sandbox-starts-twice",
       .what = "a second StartSandbox succeeds",
       .origin = "SBX-22",
       .rules = {"reply StartSandbox when FAILED_PRECONDITION empty"},
       .kills = {{"sandbox/what-is-out-of-order-is-refused", "reply.code"}}},
      {.name = "sandbox-of-any-name",
       .what = "PingSandbox asks for no name",
       .origin = "SBX-22",
       .rules = {"request PingSandbox empty"},
       .kills = {{"sandbox/hostile-requests-change-nothing", "reply.code"},
                 {"sandbox/what-is-out-of-order-is-refused", "reply.code"}}},
      {.name = "sandbox-ends-with-a-connection",
       .what = "when a container's connection closes, the sandbox is not ready any more",
       .origin = "SBX-33",
       .rules = {"reply SandboxStatus where first-gone=true set state=SANDBOX_NOTREADY"},
       .kills = {{"sandbox/a-restarted-containerd-waits-again", "state.wrong"}}},
      {.name = "sandbox-ends-with-a-container",
       .what = "the shim ends with the first container that is deleted",
       .origin = "SBX-33",
       .rules = {"reply Delete signal 9"},
       .kills = {{"sandbox/each-container-has-a-connection", "shim.crashed"}}},
      {.name = "sandbox-shim-ends-with-its-last-task",
       .what = "Shutdown ends a shim without tasks, although its sandbox exists",
       .origin = "SBX-32 SHUT-03",
       .rules = {"reply Shutdown signal 15"},
       .kills = {{"sandbox/task-shutdown-leaves-the-shim", "shim.crashed"}}},
      {.name = "sandbox-delete-removes-the-socket",
       .what = "delete of a container removes the socket of its sandbox",
       .origin = "SBX-34",
       .rules = {"delete where #file.config.json>0 then \"rm -f /run/containerd/s/*\""},
       .kills = {{"sandbox/delete-of-a-container-leaves-the-sandbox", "socket.state"}}},
      {.name = "sandbox-tells-its-end-as-a-task",
       .what = "the end of the sandbox is published as /tasks/exit, too",
       .origin = "SBX-35",
       .rules = {"reply StopSandbox emit /tasks/exit container_id=@request.sandbox_id "
                 "id=@request.sandbox_id pid=7 exited_at=now"},
       .kills = {{"sandbox/ends-are-told-where-they-belong", "event.unexpected"}}},
      {.name = "sandbox-id-unknown-to-connect",
       .what = "Connect with the sandbox's id fails over a second connection",
       .origin = "SBX-37",
       .rules = {"request Connect where connection>1 fail NOT_FOUND no such task"},
       .kills = {{"sandbox/the-task-service-answers-for-it", "reply.code"}}},
      {.name = "sandbox-takes-containers-after-its-end",
       .what = "a container is created in a stopped sandbox",
       .origin = "SBX-22",
       .rules = {"reply Create when FAILED_PRECONDITION empty"},
       .kills = {{"sandbox/nothing-is-created-in-a-stopped-sandbox", "reply.code"}}},
  };
}

}  // namespace

std::vector<KnownFault> WireSandboxFaults() {
  std::vector<KnownFault> all = OfTheBeginning();
  for (const std::vector<KnownFault>& more : {OfTheEnd(), OfOrderAndTasks()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  for (KnownFault& fault : all) fault.profile = kProfile;
  return all;
}

}  // namespace fakes
