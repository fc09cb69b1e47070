// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>

#include "reference-shim/backends/vm/pod_network.h"

// Found by the namespace of what they convert.
namespace netlink {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Link, index, name, kind, mac, mtu, flags)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Address, link, ip, prefix_length, scope, flags)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Route, family, destination, prefix_length, gateway, link, source,
                                   scope, protocol, type, flags, priority, mtu)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Neighbor, link, ip, mac, state, flags)

}  // namespace netlink

namespace backends {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PodNic, link, tap, addresses, routes, neighbors)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PodNetwork, path, inode, nics)

std::string EncodePodNetwork(const PodNetwork& network) {
  return nlohmann::json(network).dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::StatusOr<PodNetwork> DecodePodNetwork(const std::string& text) {
  try {
    return nlohmann::json::parse(text).get<PodNetwork>();
  } catch (const nlohmann::json::exception& error) {
    return absl::InternalError(absl::StrCat("record of a pod's network: ", error.what()));
  }
}

}  // namespace backends
