// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "netlink/ip.h"
#include "netlink/link.h"

// The network of a pod: the links of a network namespace that somebody else, a CNI plugin, has made
// and configured. Its guest takes their place: whatever comes in at a link goes to a tap that the
// hypervisor has open, and back, by redirects of traffic control, as kata's model "tcfilter" does
// it. The links themselves stay as they are. These functions block and enter the namespace: they
// are for processes of one thread that nobody waits for.
namespace backends {

// A link with an IP address, as the guest is to have it.
struct PodNic {
  netlink::Link link;
  std::string tap;  // its name, in the pod's namespace
  // All but what a kernel gives itself: of the link's scope (IPv6), routes to what is on the link.
  std::vector<netlink::Address> addresses;
  std::vector<netlink::Route> routes;
  std::vector<netlink::Neighbor> neighbors;  // that are permanent
  std::string place;                         // in the guest, "05"; empty: not known
  friend bool operator==(const PodNic&, const PodNic&) = default;
};

struct PodNetwork {
  std::string path;         // of the namespace; empty: the pod has none
  std::uint64_t inode = 0;  // of what was there
  std::vector<PodNic> nics;
  friend bool operator==(const PodNetwork&, const PodNetwork&) = default;
};

// What a hypervisor calls the NIC.
std::string NicId(std::size_t number);

// What is to be wired in the namespace at `path`: no NICs, if nothing in it is up and has an
// address, or if it is our own. Changes nothing. FAILED_PRECONDITION: a link is wired to something
// else; UNIMPLEMENTED: a link without a MAC.
absl::StatusOr<PodNetwork> InspectPodNetwork(const std::string& path);
// Makes taps and redirects. A failure may leave some of them, which UnwirePodNetwork removes.
absl::Status WirePodNetwork(const PodNetwork& network);
// Removes what there is of them. OK when the namespace is gone, or another one has its name.
absl::Status UnwirePodNetwork(const PodNetwork& network);

// As text, for the one who removes it, and back. INTERNAL: it is none.
std::string EncodePodNetwork(const PodNetwork& network);
absl::StatusOr<PodNetwork> DecodePodNetwork(const std::string& text);

}  // namespace backends
