// SPDX-License-Identifier: Apache-2.0
#include "netlink/ip.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "base/status_macros.h"
#include "netlink/mac.h"

namespace netlink {
namespace {

constexpr std::size_t BytesOf(int family) {
  return family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
}

// As it is on the wire; empty: it is no IP.
std::string Encode(const std::string& ip) {
  char bytes[sizeof(in6_addr)];
  const int family = FamilyOf(ip);
  if (family == AF_UNSPEC || ::inet_pton(family, ip.c_str(), bytes) != 1) return "";
  return std::string(bytes, BytesOf(family));
}

// Empty: it is none of this family.
std::string Decode(int family, absl::string_view bytes) {
  char text[INET6_ADDRSTRLEN];
  if (bytes.size() != BytesOf(family)) return "";
  return ::inet_ntop(family, bytes.data(), text, sizeof(text)) != nullptr ? text : "";
}

std::string IpOf(const Attributes& attributes, int type, int family) {
  return Decode(family, attributes.Find(type).value_or(""));
}

absl::Status CheckPrefix(const std::string& ip, int length) {
  const int family = FamilyOf(ip);
  if (family == AF_UNSPEC) {
    return absl::InvalidArgumentError(absl::StrCat("\"", ip, "\": expected an IP address"));
  }
  const int most = static_cast<int>(BytesOf(family)) * 8;
  if (length >= 0 && length <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("prefix of ", ip, ": expected 0 to ", most, ", not ", length));
}

bool IsIpFamily(int family) { return family == AF_INET || family == AF_INET6; }

std::string Describe(const Address& address) {
  return absl::StrCat("address ", address.ip, "/", address.prefix_length, " of link ",
                      address.link);
}

absl::Status ChangeAddress(Socket& socket, std::uint16_t type, std::uint16_t flags,
                           const Address& address) {
  const std::string what =
      absl::StrCat(type == RTM_NEWADDR ? "add " : "delete ", Describe(address));
  RETURN_IF_ERROR(base::Annotate(CheckPrefix(address.ip, address.prefix_length), what));
  ifaddrmsg header{};
  header.ifa_family = static_cast<std::uint8_t>(FamilyOf(address.ip));
  header.ifa_prefixlen = static_cast<std::uint8_t>(address.prefix_length);
  header.ifa_flags = static_cast<std::uint8_t>(address.flags & IFA_F_NODAD);
  header.ifa_scope = static_cast<std::uint8_t>(address.scope);
  header.ifa_index = static_cast<std::uint32_t>(address.link);
  Request request(type, flags, header);
  request.PutBytes(IFA_LOCAL, Encode(address.ip));
  request.PutBytes(IFA_ADDRESS, Encode(address.ip));
  return socket.Change(request, what);
}

absl::StatusOr<Route> RouteIn(const rtmsg& header, const Attributes& attributes) {
  Route route;
  route.family = header.rtm_family;
  route.prefix_length = header.rtm_dst_len;
  route.destination = IpOf(attributes, RTA_DST, route.family);
  route.gateway = IpOf(attributes, RTA_GATEWAY, route.family);
  if (const auto via = attributes.Find(RTA_VIA); via.has_value() && via->size() > sizeof(rtvia)) {
    rtvia header_of_via{};
    std::memcpy(&header_of_via, via->data(), sizeof(header_of_via));
    if (IsIpFamily(header_of_via.rtvia_family)) {
      route.gateway = Decode(header_of_via.rtvia_family, via->substr(sizeof(rtvia)));
    }
  }
  route.link = attributes.Get<std::int32_t>(RTA_OIF);
  route.source = IpOf(attributes, RTA_PREFSRC, route.family);
  route.scope = header.rtm_scope;
  route.protocol = header.rtm_protocol;
  route.type = header.rtm_type;
  // The rest is what has become of it.
  route.flags = header.rtm_flags & (RTNH_F_ONLINK | RTNH_F_PERVASIVE);
  route.priority = attributes.Get<std::uint32_t>(RTA_PRIORITY);
  ASSIGN_OR_RETURN(const Attributes metrics,
                   Attributes::Parse(attributes.Find(RTA_METRICS).value_or("")));
  route.mtu = metrics.Get<std::uint32_t>(RTAX_MTU);
  return route;
}

std::string Describe(const Route& route) {
  return absl::StrCat(
      "route to ",
      route.destination.empty() ? "default"
                                : absl::StrCat(route.destination, "/", route.prefix_length),
      route.gateway.empty() ? "" : absl::StrCat(" via ", route.gateway), " over link ", route.link);
}

absl::Status CheckRoute(const Route& route) {
  if (!IsIpFamily(route.family)) {
    return absl::InvalidArgumentError(
        absl::StrCat("family: expected ", AF_INET, " or ", AF_INET6, ", not ", route.family));
  }
  if (route.destination.empty()) {
    if (route.prefix_length != 0) {
      return absl::InvalidArgumentError("the default route: expected a prefix of length 0");
    }
  } else {
    RETURN_IF_ERROR(CheckPrefix(route.destination, route.prefix_length));
  }
  for (const std::string& ip : {route.destination, route.source}) {
    if (!ip.empty() && FamilyOf(ip) != route.family) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", ip, "\": expected an address of the route's family"));
    }
  }
  if (route.gateway.empty() || FamilyOf(route.gateway) != AF_UNSPEC) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("\"", route.gateway, "\": expected an IP address"));
}

void PutGateway(Request& request, const Route& route) {
  if (FamilyOf(route.gateway) == route.family) {
    return request.PutBytes(RTA_GATEWAY, Encode(route.gateway));
  }
  rtvia via{};
  via.rtvia_family = static_cast<__kernel_sa_family_t>(FamilyOf(route.gateway));
  request.PutBytes(RTA_VIA,
                   absl::StrCat(absl::string_view(reinterpret_cast<const char*>(&via), sizeof(via)),
                                Encode(route.gateway)));
}

absl::Status ChangeRoute(Socket& socket, std::uint16_t type, std::uint16_t flags,
                         const Route& route) {
  const bool added = type == RTM_NEWROUTE;
  const std::string what = absl::StrCat(added ? "add " : "delete ", Describe(route));
  RETURN_IF_ERROR(base::Annotate(CheckRoute(route), what));
  rtmsg header{};
  header.rtm_family = static_cast<std::uint8_t>(route.family);
  header.rtm_dst_len = static_cast<std::uint8_t>(route.prefix_length);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol =
      static_cast<std::uint8_t>(route.protocol == 0 && added ? RTPROT_BOOT : route.protocol);
  header.rtm_scope = static_cast<std::uint8_t>(route.scope);
  header.rtm_type = static_cast<std::uint8_t>(route.type);
  header.rtm_flags = route.flags;
  Request request(type, flags, header);
  if (!route.destination.empty()) request.PutBytes(RTA_DST, Encode(route.destination));
  if (!route.gateway.empty()) PutGateway(request, route);
  if (!route.source.empty()) request.PutBytes(RTA_PREFSRC, Encode(route.source));
  if (route.link != 0) request.Put(RTA_OIF, route.link);
  if (route.priority != 0) request.Put(RTA_PRIORITY, route.priority);
  if (route.mtu != 0) {
    request.Nest(RTA_METRICS, [&] { request.Put(RTAX_MTU, route.mtu); });
  }
  return socket.Change(request, what);
}

}  // namespace

int FamilyOf(const std::string& ip) {
  char bytes[sizeof(in6_addr)];
  if (::inet_pton(AF_INET, ip.c_str(), bytes) == 1) return AF_INET;
  return ::inet_pton(AF_INET6, ip.c_str(), bytes) == 1 ? AF_INET6 : AF_UNSPEC;
}

// --- addresses ------------------------------------------------------------------------------

absl::StatusOr<std::vector<Address>> ListAddresses(Socket& socket) {
  ASSIGN_OR_RETURN(const std::vector<Message> messages,
                   socket.Read(Request(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{}), "list addresses"));
  std::vector<Address> addresses;
  for (const Message& message : messages) {
    if (message.type != RTM_NEWADDR) continue;
    ASSIGN_OR_RETURN(const auto parts, message.Split<ifaddrmsg>());
    const auto& [header, attributes] = parts;
    if (!IsIpFamily(header.ifa_family)) continue;
    Address address;
    address.link = static_cast<int>(header.ifa_index);
    address.prefix_length = header.ifa_prefixlen;
    address.scope = header.ifa_scope;
    address.flags = attributes.Get<std::uint32_t>(IFA_FLAGS, header.ifa_flags);
    // Where both are there, the other one is the peer's.
    const int which = attributes.Find(IFA_LOCAL).has_value() ? IFA_LOCAL : IFA_ADDRESS;
    address.ip = IpOf(attributes, which, header.ifa_family);
    addresses.push_back(std::move(address));
  }
  return addresses;
}

absl::Status AddAddress(Socket& socket, const Address& address) {
  return ChangeAddress(socket, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address);
}

absl::Status DeleteAddress(Socket& socket, const Address& address) {
  return ChangeAddress(socket, RTM_DELADDR, 0, address);
}

// --- routes ---------------------------------------------------------------------------------

absl::StatusOr<std::vector<Route>> ListRoutes(Socket& socket) {
  ASSIGN_OR_RETURN(const std::vector<Message> messages,
                   socket.Read(Request(RTM_GETROUTE, NLM_F_DUMP, rtmsg{}), "list routes"));
  std::vector<Route> routes;
  for (const Message& message : messages) {
    if (message.type != RTM_NEWROUTE) continue;
    ASSIGN_OR_RETURN(const auto parts, message.Split<rtmsg>());
    const auto& [header, attributes] = parts;
    const auto table = attributes.Get<std::uint32_t>(RTA_TABLE, header.rtm_table);
    if (!IsIpFamily(header.rtm_family) || table != RT_TABLE_MAIN ||
        (header.rtm_flags & RTM_F_CLONED) != 0) {
      continue;
    }
    ASSIGN_OR_RETURN(Route route, RouteIn(header, attributes));
    routes.push_back(std::move(route));
  }
  return routes;
}

absl::Status AddRoute(Socket& socket, const Route& route) {
  return ChangeRoute(socket, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
}

absl::Status DeleteRoute(Socket& socket, const Route& route) {
  return ChangeRoute(socket, RTM_DELROUTE, 0, route);
}

// --- neighbours -----------------------------------------------------------------------------

absl::StatusOr<std::vector<Neighbor>> ListNeighbors(Socket& socket) {
  ASSIGN_OR_RETURN(const std::vector<Message> messages,
                   socket.Read(Request(RTM_GETNEIGH, NLM_F_DUMP, ndmsg{}), "list neighbours"));
  std::vector<Neighbor> neighbors;
  for (const Message& message : messages) {
    if (message.type != RTM_NEWNEIGH) continue;
    ASSIGN_OR_RETURN(const auto parts, message.Split<ndmsg>());
    const auto& [header, attributes] = parts;
    if (!IsIpFamily(header.ndm_family)) continue;
    neighbors.push_back({.link = header.ndm_ifindex,
                         .ip = IpOf(attributes, NDA_DST, header.ndm_family),
                         .mac = FormatMac(attributes.Find(NDA_LLADDR).value_or("")),
                         .state = header.ndm_state,
                         .flags = header.ndm_flags});
  }
  return neighbors;
}

absl::Status SetNeighbor(Socket& socket, const Neighbor& neighbor) {
  const std::string what = absl::StrCat("set neighbour ", neighbor.ip, " of link ", neighbor.link);
  const std::string ip = Encode(neighbor.ip);
  if (ip.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": \"", neighbor.ip, "\": expected an IP address"));
  }
  const absl::StatusOr<std::string> mac = ParseMac(neighbor.mac);
  RETURN_IF_ERROR(base::Annotate(mac.status(), what));
  ndmsg header{};
  header.ndm_family = static_cast<std::uint8_t>(FamilyOf(neighbor.ip));
  header.ndm_ifindex = neighbor.link;
  header.ndm_state = static_cast<std::uint16_t>(neighbor.state);
  header.ndm_flags = static_cast<std::uint8_t>(neighbor.flags);
  Request request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, header);
  request.PutBytes(NDA_DST, ip);
  request.PutBytes(NDA_LLADDR, *mac);
  return socket.Change(request, what);
}

}  // namespace netlink
