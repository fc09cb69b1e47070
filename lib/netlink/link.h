// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <net/if.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netlink/socket.h"

namespace netlink {

// A network device of the socket's namespace.
struct Link {
  int index = 0;
  std::string name;
  std::string kind;  // "veth", "macvlan", "tun" (a tap, too); empty: a device of hardware, or lo
  std::string mac;   // "02:00:00:00:00:01"; empty: it has none
  std::uint32_t mtu = 0;
  std::uint32_t flags = 0;  // IFF_*
  [[nodiscard]] bool up() const { return (flags & IFF_UP) != 0; }
  [[nodiscard]] bool loopback() const { return (flags & IFF_LOOPBACK) != 0; }
  friend bool operator==(const Link&, const Link&) = default;
};

absl::StatusOr<std::vector<Link>> ListLinks(Socket& socket);
// NOT_FOUND: there is none of this name.
absl::StatusOr<Link> FindLink(Socket& socket, const std::string& name);

// What is to become of a link; what is not given stays. The kernel wants most links down while
// their name or MAC changes. A failure may leave a part of several changes done.
struct LinkChange {
  std::optional<bool> up;
  std::optional<std::string> name;
  std::optional<std::string> mac;
  std::optional<std::uint32_t> mtu;
  std::optional<int> network_namespace;  // a descriptor of it, borrowed
};
absl::Status ChangeLink(Socket& socket, int index, const LinkChange& change);

// Two that are wired together, both down. `peer_namespace`: a descriptor of the network namespace
// the peer is made in, borrowed; -1: the socket's.
absl::Status AddVethPair(Socket& socket, const std::string& name, const std::string& peer,
                         int peer_namespace = -1);

// Of any kind that is made by software: veth (both ends), macvlan, a tap that is persistent or in
// use.
absl::Status DeleteLink(Socket& socket, int index);

// INVALID_ARGUMENT: the kernel would not take it.
absl::Status ValidateLinkName(const std::string& name);

}  // namespace netlink
