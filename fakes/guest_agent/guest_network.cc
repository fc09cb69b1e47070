// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_network.h"

#include <absl/strings/str_cat.h>

#include "fakes/guest_agent/limits.h"

namespace fakes {

absl::StatusOr<types::Interface> GuestNetwork::UpdateInterface(
    const grpc::UpdateInterfaceRequest& request) {
  if (!request.has_interface()) return absl::InvalidArgumentError("empty update interface request");
  const types::Interface& wanted = request.interface();
  const std::string& key = wanted.hw_addr().empty() ? wanted.name() : wanted.hw_addr();
  if (key.empty()) return absl::InvalidArgumentError("interface: neither hwAddr nor name");
  if (interfaces_.size() >= kGuestContainersMax && interfaces_.count(key) == 0) {
    return absl::ResourceExhaustedError("too many interfaces");
  }
  interfaces_[key] = wanted;
  return wanted;
}

absl::StatusOr<grpc::Routes> GuestNetwork::UpdateRoutes(const grpc::UpdateRoutesRequest& request) {
  if (!request.has_routes()) return absl::InvalidArgumentError("empty update routes request");
  routes_ = request.routes();
  return routes_;
}

absl::Status GuestNetwork::AddNeighbors(const grpc::AddARPNeighborsRequest& request) {
  if (!request.has_neighbors()) {
    return absl::InvalidArgumentError("empty add arp neighbours request");
  }
  const int count = neighbors_.arp_neighbors_size() + request.neighbors().arp_neighbors_size();
  if (count > static_cast<int>(kGuestContainersMax)) {
    return absl::ResourceExhaustedError("too many neighbours");
  }
  neighbors_.MergeFrom(request.neighbors());
  return absl::OkStatus();
}

grpc::Interfaces GuestNetwork::interfaces() const {
  grpc::Interfaces all;
  types::Interface& loopback = *all.add_interfaces();
  loopback.set_name("lo");
  loopback.set_device("lo");
  for (const auto& [key, interface] : interfaces_) *all.add_interfaces() = interface;
  return all;
}

}  // namespace fakes
