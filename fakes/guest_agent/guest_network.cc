// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_network.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "base/loopback.h"
#include "base/network_namespace.h"
#include "base/status_macros.h"
#include "fakes/guest_agent/limits.h"

namespace fakes {

absl::StatusOr<base::UniqueFd> GuestNetwork::AddNic(const std::string& mac, unsigned header_bytes) {
  if (!space_.ok()) {
    ASSIGN_OR_RETURN(base::UniqueFd space, base::MakeNetworkNamespace());
    const auto open_links = [this]() -> absl::Status {
      RETURN_IF_ERROR(base::RaiseLoopback());
      ASSIGN_OR_RETURN(links_, GuestLinks::Open());
      return absl::OkStatus();
    };
    RETURN_IF_ERROR(base::InNetworkNamespace(space, open_links));
    space_ = std::move(space);
  }
  base::UniqueFd wire;
  RETURN_IF_ERROR(base::InNetworkNamespace(space_, [&]() -> absl::Status {
    ASSIGN_OR_RETURN(wire, links_->AddNic(mac, header_bytes));
    return absl::OkStatus();
  }));
  return wire;
}

absl::StatusOr<GuestLinks*> GuestNetwork::Links() {
  if (is_machine_ && !links_.has_value()) {
    // What its containers are in as well.
    space_.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!space_.ok()) return base::ErrnoStatus(errno, "the machine's network namespace");
    ASSIGN_OR_RETURN(links_, GuestLinks::Open());
  }
  return links_.has_value() ? &*links_ : nullptr;
}

absl::StatusOr<types::Interface> GuestNetwork::UpdateInterface(
    const grpc::UpdateInterfaceRequest& request) {
  if (!request.has_interface()) return absl::InvalidArgumentError("empty update interface request");
  const types::Interface& wanted = request.interface();
  const std::string& key = wanted.hw_addr().empty() ? wanted.name() : wanted.hw_addr();
  if (key.empty()) return absl::InvalidArgumentError("interface: neither hwAddr nor name");
  ASSIGN_OR_RETURN(GuestLinks * links, Links());
  if (links != nullptr) {
    RETURN_IF_ERROR(links->Update(wanted));
    return wanted;
  }
  if (interfaces_.size() >= kGuestContainersMax && interfaces_.count(key) == 0) {
    return absl::ResourceExhaustedError("too many interfaces");
  }
  interfaces_[key] = wanted;
  return wanted;
}

absl::StatusOr<grpc::Routes> GuestNetwork::UpdateRoutes(const grpc::UpdateRoutesRequest& request) {
  if (!request.has_routes()) return absl::InvalidArgumentError("empty update routes request");
  ASSIGN_OR_RETURN(GuestLinks * links, Links());
  if (links != nullptr) {
    RETURN_IF_ERROR(links->ReplaceRoutes(request.routes()));
    return links->Routes();
  }
  routes_ = request.routes();
  return routes_;
}

absl::Status GuestNetwork::AddNeighbors(const grpc::AddARPNeighborsRequest& request) {
  if (!request.has_neighbors()) {
    return absl::InvalidArgumentError("empty add arp neighbours request");
  }
  ASSIGN_OR_RETURN(GuestLinks * links, Links());
  if (links != nullptr) return links->AddNeighbors(request.neighbors());
  const int count = neighbors_.arp_neighbors_size() + request.neighbors().arp_neighbors_size();
  if (count > static_cast<int>(kGuestContainersMax)) {
    return absl::ResourceExhaustedError("too many neighbours");
  }
  neighbors_.MergeFrom(request.neighbors());
  return absl::OkStatus();
}

absl::StatusOr<grpc::Interfaces> GuestNetwork::Interfaces() {
  ASSIGN_OR_RETURN(GuestLinks * links, Links());
  if (links != nullptr) return links->Interfaces();
  grpc::Interfaces all;
  types::Interface& loopback = *all.add_interfaces();
  loopback.set_name("lo");
  loopback.set_device("lo");
  for (const auto& [key, interface] : interfaces_) *all.add_interfaces() = interface;
  return all;
}

absl::StatusOr<grpc::Routes> GuestNetwork::Routes() {
  ASSIGN_OR_RETURN(GuestLinks * links, Links());
  if (links != nullptr) return links->Routes();
  return routes_;
}

}  // namespace fakes
