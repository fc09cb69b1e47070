// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_links.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <linux/if_addr.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "netlink/ip.h"
#include "netlink/tap.h"

namespace fakes {
namespace {

// What a link is called between two names.
constexpr char kBetween[] = "renaming";

types::IPFamily FamilyFrom(int family) { return family == AF_INET6 ? types::v6 : types::v4; }

absl::StatusOr<int> PrefixFrom(const std::string& text, const std::string& ip) {
  const int most = netlink::FamilyOf(ip) == AF_INET6 ? 128 : 32;
  int prefix = 0;
  if (absl::SimpleAtoi(text, &prefix) && prefix >= 0 && prefix <= most) return prefix;
  return absl::InvalidArgumentError(
      absl::StrCat(ip, "/", text, ": expected an IP and the length of its prefix"));
}

const netlink::Link* FindNamed(const std::vector<netlink::Link>& links, const std::string& name) {
  const auto found = std::find_if(links.begin(), links.end(),
                                  [&name](const auto& link) { return link.name == name; });
  return found == links.end() ? nullptr : &*found;
}

}  // namespace

absl::StatusOr<GuestLinks> GuestLinks::Open() {
  ASSIGN_OR_RETURN(netlink::Socket socket, netlink::Socket::Open());
  return GuestLinks(std::move(socket));
}

absl::StatusOr<netlink::Link> GuestLinks::Find(const types::Interface& wanted) {
  if (wanted.hw_addr().empty()) return netlink::FindLink(socket_, wanted.name());
  const std::string mac = absl::AsciiStrToLower(wanted.hw_addr());
  ASSIGN_OR_RETURN(const std::vector<netlink::Link> links, netlink::ListLinks(socket_));
  for (const netlink::Link& link : links) {
    if (link.mac == mac && !link.loopback()) return link;
  }
  return absl::NotFoundError(absl::StrCat("update interface: no link of address ", mac));
}

// `link` is down, as anybody must be who gets another name.
absl::Status GuestLinks::Rename(const netlink::Link& link, const std::string& name) {
  if (link.name == name) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<netlink::Link> links, netlink::ListLinks(socket_));
  const netlink::Link* other = FindNamed(links, name);
  if (other != nullptr) {
    RETURN_IF_ERROR(netlink::ChangeLink(socket_, other->index, {.up = false}));
    RETURN_IF_ERROR(netlink::ChangeLink(socket_, other->index, {.name = kBetween}));
  }
  RETURN_IF_ERROR(netlink::ChangeLink(socket_, link.index, {.name = name}));
  if (other == nullptr) return absl::OkStatus();
  RETURN_IF_ERROR(netlink::ChangeLink(socket_, other->index, {.name = link.name}));
  return netlink::ChangeLink(socket_, other->index, {.up = other->up()});
}

absl::Status GuestLinks::ReplaceAddresses(int link, const types::Interface& wanted) {
  ASSIGN_OR_RETURN(const std::vector<netlink::Address> before, netlink::ListAddresses(socket_));
  for (const netlink::Address& address : before) {
    if (address.link == link) RETURN_IF_ERROR(netlink::DeleteAddress(socket_, address));
  }
  for (const types::IPAddress& address : wanted.ip_addresses()) {
    ASSIGN_OR_RETURN(const int prefix, PrefixFrom(address.mask(), address.address()));
    // Who gave the pod its addresses has made sure of them.
    RETURN_IF_ERROR(netlink::AddAddress(
        socket_,
        {.link = link, .ip = address.address(), .prefix_length = prefix, .flags = IFA_F_NODAD}));
  }
  return absl::OkStatus();
}

absl::Status GuestLinks::Update(const types::Interface& wanted) {
  ASSIGN_OR_RETURN(const netlink::Link link, Find(wanted));
  RETURN_IF_ERROR(netlink::ChangeLink(socket_, link.index, {.up = false}));
  if (!wanted.name().empty()) RETURN_IF_ERROR(Rename(link, wanted.name()));
  netlink::LinkChange change{.up = true};
  if (wanted.mtu() > 0) change.mtu = static_cast<std::uint32_t>(wanted.mtu());
  RETURN_IF_ERROR(netlink::ChangeLink(socket_, link.index, change));
  return ReplaceAddresses(link.index, wanted);
}

absl::Status GuestLinks::AddRoute(const types::Route& wanted) {
  ASSIGN_OR_RETURN(const netlink::Link link, netlink::FindLink(socket_, wanted.device()));
  netlink::Route route{.family = wanted.family() == types::v6 ? AF_INET6 : AF_INET,
                       .gateway = wanted.gateway(),
                       .link = link.index,
                       .source = wanted.source(),
                       .scope = static_cast<int>(wanted.scope()),
                       .flags = wanted.flags(),
                       .mtu = wanted.mtu()};
  if (!wanted.dest().empty()) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(wanted.dest(), absl::MaxSplits('/', 1));
    route.destination = parts.first;
    route.family = netlink::FamilyOf(route.destination);
    route.prefix_length = route.family == AF_INET6 ? 128 : 32;
    if (!parts.second.empty()) {
      ASSIGN_OR_RETURN(route.prefix_length, PrefixFrom(parts.second, route.destination));
    }
  }
  const absl::Status added = netlink::AddRoute(socket_, route);
  // Runtimes name the kernel's own, too.
  return absl::IsAlreadyExists(added) ? absl::OkStatus() : added;
}

absl::Status GuestLinks::ReplaceRoutes(const grpc::Routes& wanted) {
  ASSIGN_OR_RETURN(const std::vector<netlink::Route> before, netlink::ListRoutes(socket_));
  for (const netlink::Route& route : before) {
    if (route.protocol == RTPROT_KERNEL) continue;
    const absl::Status deleted = netlink::DeleteRoute(socket_, route);
    // With the one it led over.
    if (!deleted.ok() && !absl::IsNotFound(deleted)) return deleted;
  }
  // A gateway must be reachable when its route comes.
  for (const bool by_gateway : {false, true}) {
    for (const types::Route& route : wanted.routes()) {
      if (route.gateway().empty() == by_gateway) continue;
      RETURN_IF_ERROR(
          base::Annotate(AddRoute(route), absl::StrCat("update routes: \"", route.dest(), "\"")));
    }
  }
  return absl::OkStatus();
}

absl::Status GuestLinks::AddNeighbors(const grpc::ARPNeighbors& wanted) {
  for (const types::ARPNeighbor& neighbor : wanted.arp_neighbors()) {
    ASSIGN_OR_RETURN(const netlink::Link link, netlink::FindLink(socket_, neighbor.device()));
    RETURN_IF_ERROR(netlink::SetNeighbor(
        socket_, {.link = link.index,
                  .ip = neighbor.to_ip_address().address(),
                  .mac = neighbor.lladdr(),
                  .state = neighbor.state() == 0 ? NUD_PERMANENT : neighbor.state(),
                  .flags = static_cast<std::uint32_t>(neighbor.flags())}));
  }
  return absl::OkStatus();
}

absl::StatusOr<grpc::Interfaces> GuestLinks::Interfaces() {
  ASSIGN_OR_RETURN(const std::vector<netlink::Link> links, netlink::ListLinks(socket_));
  ASSIGN_OR_RETURN(const std::vector<netlink::Address> addresses, netlink::ListAddresses(socket_));
  grpc::Interfaces all;
  for (const netlink::Link& link : links) {
    types::Interface& told = *all.add_interfaces();
    told.set_device(link.name);
    told.set_name(link.name);
    told.set_hw_addr(link.mac);
    told.set_mtu(link.mtu);
    told.set_type(link.kind);
    told.set_raw_flags(link.flags);
    for (const netlink::Address& address : addresses) {
      if (address.link != link.index) continue;
      types::IPAddress& ip = *told.add_ip_addresses();
      ip.set_family(FamilyFrom(netlink::FamilyOf(address.ip)));
      ip.set_address(address.ip);
      ip.set_mask(absl::StrCat(address.prefix_length));
    }
  }
  return all;
}

absl::StatusOr<grpc::Routes> GuestLinks::Routes() {
  ASSIGN_OR_RETURN(const std::vector<netlink::Link> links, netlink::ListLinks(socket_));
  ASSIGN_OR_RETURN(const std::vector<netlink::Route> routes, netlink::ListRoutes(socket_));
  grpc::Routes all;
  for (const netlink::Route& route : routes) {
    types::Route& told = *all.add_routes();
    if (!route.destination.empty()) {
      told.set_dest(absl::StrCat(route.destination, "/", route.prefix_length));
    }
    told.set_gateway(route.gateway);
    told.set_source(route.source);
    told.set_scope(static_cast<std::uint32_t>(route.scope));
    told.set_family(FamilyFrom(route.family));
    told.set_flags(route.flags);
    told.set_mtu(route.mtu);
    for (const netlink::Link& link : links) {
      if (link.index == route.link) told.set_device(link.name);
    }
  }
  return all;
}

absl::StatusOr<base::UniqueFd> GuestLinks::AddNic(const std::string& mac, unsigned header_bytes) {
  ASSIGN_OR_RETURN(const std::vector<netlink::Link> links, netlink::ListLinks(socket_));
  int number = 0;
  while (FindNamed(links, absl::StrCat("eth", number)) != nullptr) ++number;
  const std::string name = absl::StrCat("eth", number);
  ASSIGN_OR_RETURN(base::UniqueFd wire, netlink::OpenTap(name));
  const int bytes = static_cast<int>(header_bytes);
  if (::ioctl(wire.get(), TUNSETVNETHDRSZ, &bytes) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("headers of ", bytes, " bytes for ", name));
  }
  if (mac.empty()) return wire;
  ASSIGN_OR_RETURN(const netlink::Link link, netlink::FindLink(socket_, name));
  RETURN_IF_ERROR(netlink::ChangeLink(socket_, link.index, {.mac = mac}));
  return wire;
}

}  // namespace fakes
