// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/agent.pb.h"
#include "fakes/guest_agent/guest_container.h"
#include "fakes/guest_agent/guest_context.h"

namespace fakes {

// The guest as a whole: its sandbox and the containers in it.
class Guest {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;

  // `context` is borrowed.
  explicit Guest(GuestContext& context) : context_(context) {}
  ~Guest() { Teardown(); }
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;

  // ALREADY_EXISTS while there is a sandbox.
  void CreateSandbox(const grpc::CreateSandboxRequest& request, Done done);

  // Reserves the id at once; ALREADY_EXISTS if it is taken. FAILED_PRECONDITION without a sandbox.
  void CreateContainer(const grpc::CreateContainerRequest& request, Done done);
  void RemoveContainer(const std::string& id, std::uint32_t timeout_seconds, Done done);
  // INVALID_ARGUMENT for an id that no container has, as the agent of kata says it.
  [[nodiscard]] absl::StatusOr<std::shared_ptr<GuestContainer>> Find(const std::string& id) const;
  [[nodiscard]] absl::StatusOr<GuestProcess*> FindProcess(const std::string& id,
                                                          const std::string& exec_id) const;

  [[nodiscard]] std::size_t container_count() const { return containers_.size(); }

  // Everything that lives in the guest ends, and everything mounted or made for it goes. Blocks for
  // the moment that takes; what was under way is never answered. Idempotent.
  void Teardown();

 private:
  absl::Status BeginSandbox(const grpc::CreateSandboxRequest& request);
  void FindHooks(const std::string& directory);

  GuestContext& context_;
  // Shared with the steps of what goes on with a container.
  std::map<std::string, std::shared_ptr<GuestContainer>> containers_;
  std::vector<GuestStorage> storages_;  // of the sandbox
};

}  // namespace fakes
