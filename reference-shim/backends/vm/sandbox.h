// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference-shim/backends/vm/agent.h"
#include "reference-shim/backends/vm/guest_network.h"
#include "reference-shim/backends/vm/hypervisor.h"
#include "reference-shim/backends/vm/management.h"
#include "reference-shim/backends/vm/resource_manager.h"
#include "reference-shim/backends/vm/vm_config.h"
#include "reference-shim/backends/vm/vm_files.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"
#include "reference-shim/shim/forked_step.h"

namespace backends {

// The VM of a pod with the agent in it, from boot to the last file. Starts once and stops once.
// While it runs its health is watched: the program by its exit, the agent by its connection and by
// checks, of which several in a row have to fail. When either is lost its members are told, first
// of all, and then everything is torn down (R2).
class Sandbox {
 public:
  enum class State { kNew, kStarting, kRunning, kStopping, kStopped };

  // What lives in the VM and is told what happens to it.
  struct Member {
    std::function<void(unsigned status)> lost;  // status: what its processes have ended with
    std::function<void()> out_of_memory;
  };

  // `context` and `tracer`, which may be null, are borrowed. `network_namespace`: the path of the
  // pod's; empty: it has none.
  Sandbox(const shim::BackendContext& context, VmConfig config, VmFiles files,
          const std::string& network_namespace, Tracer* tracer);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // Completes when the VM runs and its agent is ready; joins a start under way. Each step has a
  // deadline of its own. After a failure everything is torn down before `done`.
  void Start(shim::Done<> done);
  // Ends the VM and removes its files; joins a stop under way. Who is still in it is told, first of
  // all. Completes always, and in bounded time; `done` may destroy this.
  void Stop(shim::Done<> done);

  [[nodiscard]] State state() const { return state_; }
  // Null unless running.
  [[nodiscard]] Agent* agent() const { return state_ == State::kRunning ? agent_.get() : nullptr; }
  [[nodiscard]] ResourceManager* resources() const {
    return state_ == State::kRunning ? resources_.get() : nullptr;
  }
  // Of the hypervisor; stands for every process in the guest.
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const VmFiles& files() const { return files_; }

  // Members by a name of their own: a container's id, or "<container>/<exec>".
  void Join(const std::string& name, Member member) { members_[name] = std::move(member); }
  void Leave(const std::string& name) { members_.erase(name); }
  [[nodiscard]] std::size_t members() const { return members_.size(); }

 private:
  // The steps of Start, in this order; each goes on to the next or ends with Fail.
  void MakeFiles();
  void LoadNetwork();
  void Boot();
  void DialAgent();
  void CheckAgent(base::UniqueFd connection);
  void SetUpNetwork();
  void SetUpGuest();
  void Run();
  void Fail(const absl::Status& why);

  void AwaitOutOfMemory();
  void ScheduleCheck();
  void OnChecked(const absl::Status& status);
  void Lose(const std::string& why, unsigned status);
  void TellMembers(unsigned status);

  void TearDown();
  void RemoveFiles();
  void Stopped();

  const shim::BackendContext& context_;
  const VmConfig config_;
  const VmFiles files_;
  const std::string network_namespace_;  // empty: a guest gets no network
  PodNetwork network_;
  Tracer* const tracer_;
  State state_ = State::kNew;
  std::unique_ptr<shim::ForkedStep> step_;
  std::unique_ptr<Hypervisor> hypervisor_;
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<GuestNetwork> guest_network_;  // while it is set up
  std::unique_ptr<ResourceManager> resources_;   // as long as the hypervisor, which ends its calls
  std::unique_ptr<Management> management_;       // while it runs
  pid_t pid_ = 0;
  int failed_checks_ = 0;
  std::map<std::string, Member> members_;
  std::vector<shim::Done<>> starting_;
  std::vector<shim::Done<>> stopping_;
  shim::Deadline health_;
  shim::Deadline agent_lost_;
  shim::Deadline oom_retry_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
