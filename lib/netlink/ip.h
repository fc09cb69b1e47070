// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "netlink/socket.h"

// Addresses, routes and neighbours of links. An IP is text, as inet_pton(3) reads it; its family is
// that of its text. A text that is no IP is INVALID_ARGUMENT. Numbers are those of rtnetlink(7).
namespace netlink {

// AF_INET or AF_INET6; AF_UNSPEC: it is no IP.
int FamilyOf(const std::string& ip);

struct Address {
  int link = 0;  // index
  std::string ip;
  int prefix_length = 0;
  int scope = 0;            // RT_SCOPE_*
  std::uint32_t flags = 0;  // IFA_F_*; when added, IFA_F_NODAD alone counts
  friend bool operator==(const Address&, const Address&) = default;
};
absl::StatusOr<std::vector<Address>> ListAddresses(Socket& socket);
absl::Status AddAddress(Socket& socket, const Address& address);
absl::Status DeleteAddress(Socket& socket, const Address& address);

// A route of the main table.
struct Route {
  int family = 0;           // AF_INET or AF_INET6
  std::string destination;  // empty: the default route
  int prefix_length = 0;
  std::string gateway;         // empty: the destination is on the link; may be of the other family
  int link = 0;                // index; 0: none, or several
  std::string source;          // preferred; empty: the kernel chooses
  int scope = 0;               // RT_SCOPE_*
  int protocol = 0;            // RTPROT_*: who made it; 0, when added: RTPROT_BOOT
  int type = 1;                // RTN_UNICAST, …
  std::uint32_t flags = 0;     // RTNH_F_ONLINK, …
  std::uint32_t priority = 0;  // metric
  std::uint32_t mtu = 0;       // 0: the link's
  friend bool operator==(const Route&, const Route&) = default;
};
absl::StatusOr<std::vector<Route>> ListRoutes(Socket& socket);
absl::Status AddRoute(Socket& socket, const Route& route);
absl::Status DeleteRoute(Socket& socket, const Route& route);

struct Neighbor {
  int link = 0;  // index
  std::string ip;
  std::string mac;
  int state = 0;            // NUD_*; NUD_PERMANENT: it was set by somebody
  std::uint32_t flags = 0;  // NTF_*
  friend bool operator==(const Neighbor&, const Neighbor&) = default;
};
absl::StatusOr<std::vector<Neighbor>> ListNeighbors(Socket& socket);
// Takes the place of what is known of its IP.
absl::Status SetNeighbor(Socket& socket, const Neighbor& neighbor);

}  // namespace netlink
