// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/agent_network.h"

#include <absl/strings/str_cat.h>
#include <net/if.h>
#include <sys/socket.h>

namespace backends {
namespace {

types::IPFamily FamilyOf(int family) { return family == AF_INET6 ? types::v6 : types::v4; }

types::Route ToRoute(const netlink::Route& route, const std::string& device) {
  types::Route told;
  if (!route.destination.empty()) {
    told.set_dest(absl::StrCat(route.destination, "/", route.prefix_length));
  }
  told.set_gateway(route.gateway);
  told.set_device(device);
  told.set_source(route.source);
  told.set_scope(static_cast<std::uint32_t>(route.scope));
  told.set_family(FamilyOf(route.family));
  told.set_flags(route.flags);
  told.set_mtu(route.mtu);
  return told;
}

}  // namespace

types::Interface ToInterface(const PodNic& nic) {
  types::Interface told;
  told.set_device(nic.link.name);
  told.set_name(nic.link.name);
  told.set_mtu(nic.link.mtu);
  told.set_hw_addr(nic.link.mac);
  told.set_device_path(nic.place);
  told.set_raw_flags(nic.link.flags & IFF_NOARP);
  for (const netlink::Address& address : nic.addresses) {
    types::IPAddress& ip = *told.add_ip_addresses();
    ip.set_family(FamilyOf(netlink::FamilyOf(address.ip)));
    ip.set_address(address.ip);
    ip.set_mask(absl::StrCat(address.prefix_length));
  }
  return told;
}

grpc::ARPNeighbors ToNeighbors(const PodNetwork& network) {
  grpc::ARPNeighbors told;
  for (const PodNic& nic : network.nics) {
    for (const netlink::Neighbor& neighbor : nic.neighbors) {
      types::ARPNeighbor& one = *told.add_arp_neighbors();
      one.mutable_to_ip_address()->set_family(FamilyOf(netlink::FamilyOf(neighbor.ip)));
      one.mutable_to_ip_address()->set_address(neighbor.ip);
      one.set_device(nic.link.name);
      one.set_lladdr(neighbor.mac);
      one.set_state(neighbor.state);
      one.set_flags(static_cast<std::int32_t>(neighbor.flags));
    }
  }
  return told;
}

grpc::Routes ToRoutes(const PodNetwork& network) {
  grpc::Routes told;
  for (const bool through_gateway : {false, true}) {
    for (const PodNic& nic : network.nics) {
      for (const netlink::Route& route : nic.routes) {
        if (route.gateway.empty() == through_gateway) continue;
        *told.add_routes() = ToRoute(route, nic.link.name);
      }
    }
  }
  return told;
}

}  // namespace backends
