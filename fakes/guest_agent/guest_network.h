// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <map>
#include <string>

#include "agent/agent.pb.h"

namespace fakes {

// The guest's network as the runtime set it up. It is written down and told again, and has no
// effect: a guest that is a process has no device to give an address to.
class GuestNetwork {
 public:
  // INVALID_ARGUMENT without a name or hardware address; the answer is what was asked for.
  absl::StatusOr<types::Interface> UpdateInterface(const grpc::UpdateInterfaceRequest& request);
  // Replaces all routes.
  absl::StatusOr<grpc::Routes> UpdateRoutes(const grpc::UpdateRoutesRequest& request);
  absl::Status AddNeighbors(const grpc::AddARPNeighborsRequest& request);
  [[nodiscard]] grpc::Interfaces interfaces() const;
  [[nodiscard]] const grpc::Routes& routes() const { return routes_; }

  // iptables-save's text, of IPv4 or IPv6.
  std::string& tables(bool ipv6) { return tables_[ipv6 ? 1 : 0]; }

 private:
  std::map<std::string, types::Interface> interfaces_;  // by hardware address, else name
  grpc::Routes routes_;
  grpc::ARPNeighbors neighbors_;
  std::string tables_[2];
};

}  // namespace fakes
