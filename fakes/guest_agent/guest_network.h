// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <map>
#include <optional>
#include <string>

#include "agent/agent.pb.h"
#include "base/unique_fd.h"
#include "fakes/guest_agent/guest_links.h"

namespace fakes {

// The guest's network as the runtime sets it up. In a machine of its own, and in a process that
// plays one with a NIC, it is that of the kernel. Without a NIC there is no device to give an
// address to: it is written down, told again, and has no effect.
class GuestNetwork {
 public:
  // `is_machine`: the devices are those of this process.
  explicit GuestNetwork(bool is_machine) : is_machine_(is_machine) {}

  // Gives a guest that is a process a NIC, and with the first one a network namespace of its own.
  // The NIC goes with what is returned: GuestLinks::AddNic.
  absl::StatusOr<base::UniqueFd> AddNic(const std::string& mac, unsigned header_bytes);
  // The namespace; not ok() before the first NIC, or before a machine was asked for its devices.
  [[nodiscard]] const base::UniqueFd& space() const { return space_; }

  // INVALID_ARGUMENT without a name or hardware address; the answer is what was asked for.
  absl::StatusOr<types::Interface> UpdateInterface(const grpc::UpdateInterfaceRequest& request);
  // Replaces all routes; the answer are those there are then.
  absl::StatusOr<grpc::Routes> UpdateRoutes(const grpc::UpdateRoutesRequest& request);
  absl::Status AddNeighbors(const grpc::AddARPNeighborsRequest& request);
  absl::StatusOr<grpc::Interfaces> Interfaces();
  absl::StatusOr<grpc::Routes> Routes();

  // iptables-save's text, of IPv4 or IPv6.
  std::string& tables(bool ipv6) { return tables_[ipv6 ? 1 : 0]; }

 private:
  // nullptr: what is written down.
  absl::StatusOr<GuestLinks*> Links();

  const bool is_machine_;
  base::UniqueFd space_;
  std::optional<GuestLinks> links_;
  std::map<std::string, types::Interface> interfaces_;  // by hardware address, else name
  grpc::Routes routes_;
  grpc::ARPNeighbors neighbors_;
  std::string tables_[2];
};

}  // namespace fakes
