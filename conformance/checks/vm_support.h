// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "conformance/checks/isolation_engine.h"
#include "conformance/harness/check_context.h"
#include "conformance/harness/hypervisor_need.h"
#include "fakes/fault/fault_file.h"

// What the checks of area "vm" share.
namespace conformance {

// By then everybody who waits for a process knows that its machine is gone (VM-06).
inline constexpr std::chrono::seconds kDeathIsTold{5};

// --- faults --------------------------------------------------------------------------------------

// Faults of the stand-in hypervisor and of the agent in its guest, in the world of one check, for
// checks with kHypervisorFaultsTag. What goes wrong with them is the harness's trouble.
class VmFaults {
 public:
  // A fault that was asked for. A check whose fault has not fired has seen nothing: it must say so
  // by one of the functions below, and is never green.
  struct Planned {
    fakes::FaultSeam seam = fakes::FaultSeam::kHypervisor;
    std::string id;
    std::string what;  // "hang at vm.create of the hypervisor"
  };

  explicit VmFaults(CheckContext& check);

  // Adds a rule, whose calls count from now.
  Planned OfHypervisor(fakes::FaultRule rule);
  Planned OfAgent(fakes::FaultRule rule);
  // The rule of the catalogue of that name (fakes/fault/vm_faults.h).
  Planned OfCatalogue(const std::string& name);
  // Everything works again, for calls to come.
  void Clear();

  [[nodiscard]] std::size_t Firings(const Planned& planned) const;
  // Fails the check, at its end, unless the fault has fired: for calls without which no container
  // gets into a virtual machine.
  void ExpectFired(const Planned& planned) const;
  // Skips the check unless the fault has fired: for calls that a shim may do without.
  void RequireFired(const Planned& planned) const;
  // Waits until the fault has fired; skips the check if `call` ends before.
  void AwaitFired(const Planned& planned, const PendingReply& call, const std::string& name) const;
  // The same without a call, for what the shim does by itself within `deadline`.
  void AwaitFired(const Planned& planned, std::chrono::milliseconds deadline) const;

 private:
  Planned Add(fakes::FaultFile& file, fakes::FaultSeam seam, fakes::FaultRule rule) const;

  CheckContext& check_;
  fakes::FaultFile hypervisor_;
  fakes::FaultFile agent_;
};

// --- calls that reach the guest ------------------------------------------------------------------

// A call of the Task service for which shims call the agent of the guest.
struct GuestCall {
  const char* word;      // in ids: "start"
  const char* verb;      // of the agent: "StartContainer"
  const EngineCall* is;  // the call, and the container that it makes sense for
};
const std::vector<GuestCall>& GuestCalls();

// --- the hypervisor ------------------------------------------------------------------------------

// The hypervisors in this world, without what they have forked.
std::vector<ProcessInfo> Hypervisors(CheckContext& check);
// The only one; ends the check if there is none, or several.
pid_t TheHypervisor(CheckContext& check);
// The virtiofsds in this world: the real one, or the stand-in that plays it.
std::vector<ProcessInfo> FileDaemons(CheckContext& check);
// What an operator does to the stand-in `hypervisor`: a line to its control socket
// (docs/vm-protocol.md), "freeze".
absl::Status ControlHypervisor(CheckContext& check, pid_t hypervisor, const std::string& command);
// SIGKILL to it, and its end.
void KillHypervisor(CheckContext& check);
// SIGKILL to the shim and to its hypervisor, the only one, which may die with it; and their ends.
void KillShimAndHypervisor(CheckContext& check, ShimUnderTest& shim);
// `when` ends the sentence ("after Delete").
void ExpectNoHypervisor(CheckContext& check, const std::string& when,
                        const char* requirement = "VM-17");

// --- ends ----------------------------------------------------------------------------------------

// 255, or what a kill leaves: the status of a process whose machine was lost (VM-06).
::testing::Matcher<const ExitInfo&> EndedWithItsMachine();
// `wait` is answered within kDeathIsTold, by EndedWithItsMachine. `whose` is in the sentence.
void ExpectReleased(CheckContext& check, PendingReply& wait, const std::string& whose,
                    std::chrono::milliseconds deadline = kDeathIsTold);

// `create` ends within the time that the profile gives a call, [limits] rpc, and it fails; its
// error. `what` stands behind "Create with".
absl::Status ExpectCreateFails(CheckContext& check, PendingReply& create, const std::string& what);

// --- what a shim leaves --------------------------------------------------------------------------

// What is in `now` and was not in `before`, paths of which directories end in "/": a directory that
// is named after none of `ids` is where shims keep all their machines, and is no machine's own.
std::vector<std::string> LeftOver(const std::set<std::string>& before,
                                  const std::set<std::string>& now,
                                  const std::vector<std::string>& ids);

// Everything below /run and all mounts of this world, but for what is the harness's own.
class RunFiles {
 public:
  // `ids` are those of the containers to come.
  RunFiles(CheckContext& check, std::vector<std::string> ids)
      : check_(check), ids_(std::move(ids)), before_(List()) {}
  // Waits until nothing of theirs is there that was not there before. `when` ends the sentence.
  void ExpectAsBefore(const std::string& when, const char* requirement = "VM-17") const;

 private:
  static std::set<std::string> List();

  CheckContext& check_;
  const std::vector<std::string> ids_;
  const std::set<std::string> before_;
};

}  // namespace conformance
