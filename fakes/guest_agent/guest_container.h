// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/agent.pb.h"
#include "container/cgroup.h"
#include "container/cgroup_removal.h"
#include "container/hooks.h"
#include "fakes/guest_agent/container_launch.h"
#include "fakes/guest_agent/guest_context.h"
#include "fakes/guest_agent/guest_process.h"
#include "fakes/guest_agent/guest_storage.h"
#include "fakes/guest_agent/oom_watch.h"
#include "oci/spec.h"

namespace fakes {

// One container of the guest, from CreateContainer to RemoveContainer. Shared by the guest's table
// and by the steps of what goes on with it, so that it outlives them.
class GuestContainer : public std::enable_shared_from_this<GuestContainer> {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;

  // `context` is borrowed.
  GuestContainer(GuestContext& context, std::string id);

  // Each `done` comes once, perhaps at once.

  // Once. On failure everything that was made has gone when `done` comes, and poststop hooks have
  // run (HOOK-07).
  void Create(const grpc::CreateContainerRequest& request, Done done);
  // FAILED_PRECONDITION unless created. `done` comes when the program executes.
  void Start(Done done);
  // Starts another process, `exec_id`. ALREADY_EXISTS if there is one whose exit nobody knows yet.
  void RunExec(const std::string& exec_id, const oci::Process& process, Done done);

  // The init for "" and the container's own id. NOT_FOUND for another that there is not.
  [[nodiscard]] absl::StatusOr<GuestProcess*> Find(const std::string& exec_id) const;

  // SIGKILL with an empty id is for every process of the container; SIGTERM for an init without a
  // handler is SIGKILL, since it would have no effect. NOT_FOUND for one that has exited,
  // INVALID_ARGUMENT for a number that is no signal.
  absl::Status Signal(const std::string& exec_id, int signo);

  void Pause(Done done);
  absl::Status Resume();
  absl::Status Update(const oci::Resources& resources);
  [[nodiscard]] absl::StatusOr<grpc::StatsContainerResponse> Stats() const;

  // Kills all its processes, waits for their end, undoes its mounts and runs poststop hooks.
  // DEADLINE_EXCEEDED if a process is still there after `timeout`; it may then be asked for again.
  void Remove(std::chrono::milliseconds timeout, Done done);

  [[nodiscard]] const std::string& id() const { return id_; }

  // At once: kills and reaps all its processes; what was under way ends with ABORTED. Blocks for
  // the moment that takes. Mounts stay, and the cgroup until RemoveCgroup(), since processes of the
  // guest's pid namespace may still be in it.
  void Abort();
  void RemoveCgroup() const;

 private:
  enum class State { kNew, kCreated, kRunning, kGone };
  struct Exec {
    std::unique_ptr<GuestProcess> process;
    // Until it executes its program:
    std::unique_ptr<SyncTalk> talk;
    base::UniqueFd console;
    Done starting;
  };

  // Steps of Create; each calls the next, or FailCreate().
  absl::Status PlanRequest(const grpc::CreateContainerRequest& request);
  absl::Status PlanDevices(const grpc::CreateContainerRequest& request);
  void PlanNamespaces(bool shared_pids);
  void Launch();
  void OnMounted();
  void OnReady();
  void FailCreate(const absl::Status& why);
  absl::Status TakeInitTerminal();
  void Advance(container::SyncKind expected, void (GuestContainer::*next)());

  void OnStarted(const absl::StatusOr<container::SyncMessage>& message);
  absl::Status CheckExec(const std::string& exec_id, const oci::Process& process) const;
  absl::Status AdoptExec(Launched launched, Exec& exec);
  void OnExecAnswer(const std::string& exec_id,
                    const absl::StatusOr<container::SyncMessage>& message);
  void AwaitFrozen(std::chrono::steady_clock::time_point limit, Done done);
  void LookForOom();
  void ForgetOldExecs();

  // Steps of Remove.
  void KillAll();
  void OnProcessesGone(const absl::Status& removed);
  void Unmake();

  [[nodiscard]] container::HookState HookStateOf(const std::string& status, pid_t pid) const;
  void FinishBusy(const absl::Status& status);

  GuestContext& context_;
  const std::string id_;
  State state_ = State::kNew;
  bool busy_ = false;
  bool paused_ = false;
  Done busy_done_;  // of the Create, Start or Remove under way
  oci::Spec spec_;  // paths as this process sees them
  std::string bundle_;
  std::string told_bundle_;  // as hooks are told it: the runtime's, where it says so
  std::vector<GuestStorage> storages_;
  container::Cgroup cgroup_;
  Launched launched_;  // until started
  std::unique_ptr<GuestProcess> init_;
  std::map<std::string, Exec> execs_;
  std::unique_ptr<OomWatch> oom_;
  std::unique_ptr<container::CgroupRemoval> removal_;
  boost::asio::steady_timer freeze_look_;
};

}  // namespace fakes
