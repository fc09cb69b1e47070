// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

#include "agent/agent.pb.h"
#include "netlink/link.h"

namespace fakes {

// The network of a guest as its kernel has it, and what the agent's calls do to it.
class GuestLinks {
 public:
  // Of the network namespace of the calling thread.
  static absl::StatusOr<GuestLinks> Open();

  // The link of this hardware address, else of this name, gets the name, the MTU and exactly these
  // addresses, and is up. Another one of the name gets its old name. NOT_FOUND: no such link.
  absl::Status Update(const types::Interface& wanted);
  // Replaces all routes of the main table but those of the kernel itself.
  absl::Status ReplaceRoutes(const grpc::Routes& wanted);
  absl::Status AddNeighbors(const grpc::ARPNeighbors& wanted);

  absl::StatusOr<grpc::Interfaces> Interfaces();
  absl::StatusOr<grpc::Routes> Routes();

  // A tap as a NIC of the guest: the next free name of eth0, eth1, …, down. The calling thread must
  // be in the namespace. Returns what the machine reads and writes; `mac` empty: any.
  absl::StatusOr<base::UniqueFd> AddNic(const std::string& mac, unsigned header_bytes);

 private:
  explicit GuestLinks(netlink::Socket socket) : socket_(std::move(socket)) {}
  absl::StatusOr<netlink::Link> Find(const types::Interface& wanted);
  absl::Status Rename(const netlink::Link& link, const std::string& name);
  absl::Status ReplaceAddresses(int link, const types::Interface& wanted);
  absl::Status AddRoute(const types::Route& route);

  netlink::Socket socket_;
};

}  // namespace fakes
