// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/pod_network.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/network_namespace.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "netlink/socket.h"
#include "netlink/tap.h"
#include "netlink/traffic.h"

namespace backends {
namespace {

constexpr char kOwn[] = "/proc/thread-self/ns/net";
constexpr char kTapKind[] = "tun";
constexpr std::size_t kMacTextBytes = sizeof("02:00:00:00:00:00") - 1;

struct Namespace {
  base::UniqueFd fd;
  std::uint64_t inode = 0;
};

absl::StatusOr<Namespace> Open(const std::string& path) {
  Namespace opened;
  // A path that is no namespace may be a FIFO.
  opened.fd.reset(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!opened.fd.ok() || ::fstat(opened.fd.get(), &info) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("network namespace ", path));
  }
  opened.inode = info.st_ino;
  return opened;
}

absl::StatusOr<netlink::Socket> SocketIn(const Namespace& space) {
  absl::StatusOr<netlink::Socket> socket = absl::UnknownError("not opened");
  RETURN_IF_ERROR(base::InNetworkNamespace(space.fd, [&] {
    socket = netlink::Socket::Open();
    return socket.status();
  }));
  return socket;
}

bool IsForGuest(const netlink::Address& address) {
  return netlink::FamilyOf(address.ip) == AF_INET || address.scope != RT_SCOPE_LINK;
}

bool IsForGuest(const netlink::Route& route) {
  return route.type == RTN_UNICAST && route.protocol != RTPROT_KERNEL;
}

bool IsForGuest(const netlink::Neighbor& neighbor) {
  return (neighbor.state & NUD_PERMANENT) != 0 && neighbor.mac.size() == kMacTextBytes;
}

template <typename Object>
std::vector<Object> OfLink(int index, const std::vector<Object>& objects) {
  std::vector<Object> found;
  std::copy_if(objects.begin(), objects.end(), std::back_inserter(found),
               [index](const Object& one) { return one.link == index && IsForGuest(one); });
  return found;
}

const netlink::Link* Named(const std::vector<netlink::Link>& links, const std::string& name) {
  const auto found = std::find_if(links.begin(), links.end(),
                                  [&name](const netlink::Link& link) { return link.name == name; });
  return found == links.end() ? nullptr : &*found;
}

bool Contains(const std::vector<int>& links, int index) {
  return std::find(links.begin(), links.end(), index) != links.end();
}

// What is made is recorded by name before it is there: nothing of anybody else's may be called so.
absl::Status CheckFree(netlink::Socket& socket, const std::vector<netlink::Link>& links,
                       const PodNetwork& network) {
  ASSIGN_OR_RETURN(const std::vector<int> taken, netlink::ListIngress(socket));
  for (const PodNic& nic : network.nics) {
    if (Named(links, nic.tap) != nullptr) {
      return absl::FailedPreconditionError(absl::StrCat("there is a link ", nic.tap, " already"));
    }
    if (Contains(taken, nic.link.index)) {
      return absl::FailedPreconditionError(
          absl::StrCat("link ", nic.link.name, " has an ingress qdisc already"));
    }
  }
  return absl::OkStatus();
}

absl::Status Inspect(netlink::Socket& socket, PodNetwork& network) {
  ASSIGN_OR_RETURN(const std::vector<netlink::Link> links, netlink::ListLinks(socket));
  ASSIGN_OR_RETURN(const std::vector<netlink::Address> addresses, netlink::ListAddresses(socket));
  for (const netlink::Link& link : links) {
    if (!link.up() || link.loopback()) continue;
    PodNic nic{.link = link,
               .tap = absl::StrCat("tap", network.nics.size(), "_vm"),
               .addresses = OfLink(link.index, addresses)};
    if (nic.addresses.empty()) continue;
    if (link.mac.size() != kMacTextBytes) {
      return absl::UnimplementedError(absl::StrCat(
          "link ", link.name, link.kind.empty() ? "" : absl::StrCat(" (", link.kind, ")"),
          ": a guest can be given links with a MAC"));
    }
    network.nics.push_back(std::move(nic));
  }
  if (network.nics.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckFree(socket, links, network));
  ASSIGN_OR_RETURN(const std::vector<netlink::Route> routes, netlink::ListRoutes(socket));
  ASSIGN_OR_RETURN(const std::vector<netlink::Neighbor> neighbors, netlink::ListNeighbors(socket));
  for (PodNic& nic : network.nics) {
    nic.routes = OfLink(nic.link.index, routes);
    nic.neighbors = OfLink(nic.link.index, neighbors);
  }
  return absl::OkStatus();
}

absl::Status Wire(netlink::Socket& socket, const PodNic& nic) {
  ASSIGN_OR_RETURN(const netlink::Link tap, netlink::FindLink(socket, nic.tap));
  for (const auto& [from, to] :
       {std::pair(nic.link.index, tap.index), std::pair(tap.index, nic.link.index)}) {
    RETURN_IF_ERROR(netlink::AddIngress(socket, from));
    RETURN_IF_ERROR(netlink::RedirectIngress(socket, from, to));
  }
  return netlink::ChangeLink(socket, tap.index, {.up = true, .mtu = nic.link.mtu});
}

// What is gone after a failure somebody else has removed: each container of a dead VM has a
// `delete`, and they may run at once (DEL-04).
absl::Status RemoveIngress(netlink::Socket& socket, int index) {
  const absl::Status removed = netlink::DeleteIngress(socket, index);
  if (removed.ok()) return removed;
  ASSIGN_OR_RETURN(const std::vector<int> left, netlink::ListIngress(socket));
  return Contains(left, index) ? removed : absl::OkStatus();
}

absl::Status RemoveTap(netlink::Socket& socket, const netlink::Link& tap) {
  const absl::Status removed = netlink::DeleteLink(socket, tap.index);
  if (removed.ok()) return removed;
  ASSIGN_OR_RETURN(const std::vector<netlink::Link> left, netlink::ListLinks(socket));
  const netlink::Link* found = Named(left, tap.name);
  return found != nullptr && found->index == tap.index ? removed : absl::OkStatus();
}

absl::Status Unwire(netlink::Socket& socket, const PodNetwork& network) {
  ASSIGN_OR_RETURN(const std::vector<netlink::Link> links, netlink::ListLinks(socket));
  ASSIGN_OR_RETURN(const std::vector<int> wired, netlink::ListIngress(socket));
  absl::Status status;
  for (const PodNic& nic : network.nics) {
    if (Contains(wired, nic.link.index)) status.Update(RemoveIngress(socket, nic.link.index));
    // Its own ingress goes with it.
    const netlink::Link* tap = Named(links, nic.tap);
    if (tap != nullptr && tap->kind == kTapKind) status.Update(RemoveTap(socket, *tap));
  }
  return status;
}

absl::Status OfPod(const PodNetwork& network, const absl::Status& status) {
  return base::Annotate(status, absl::StrCat("network of the pod, ", network.path));
}

}  // namespace

std::string NicId(std::size_t number) { return absl::StrCat("nic", number); }

absl::StatusOr<PodNetwork> InspectPodNetwork(const std::string& path) {
  PodNetwork network{.path = path};
  ASSIGN_OR_RETURN(const Namespace space, Open(path));
  ASSIGN_OR_RETURN(const Namespace own, Open(kOwn));
  if (space.inode == own.inode) return network;
  network.inode = space.inode;
  absl::StatusOr<netlink::Socket> socket = SocketIn(space);
  RETURN_IF_ERROR(OfPod(network, socket.status()));
  RETURN_IF_ERROR(OfPod(network, Inspect(*socket, network)));
  return network;
}

absl::Status WirePodNetwork(const PodNetwork& network) {
  if (network.nics.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Namespace space, Open(network.path));
  // A tap is made where its maker is.
  const auto make_taps = [&network]() -> absl::Status {
    for (const PodNic& nic : network.nics) RETURN_IF_ERROR(netlink::CreateTap(nic.tap));
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(OfPod(network, base::InNetworkNamespace(space.fd, make_taps)));
  absl::StatusOr<netlink::Socket> socket = SocketIn(space);
  RETURN_IF_ERROR(OfPod(network, socket.status()));
  for (const PodNic& nic : network.nics) RETURN_IF_ERROR(OfPod(network, Wire(*socket, nic)));
  return absl::OkStatus();
}

absl::Status UnwirePodNetwork(const PodNetwork& network) {
  if (network.nics.empty()) return absl::OkStatus();
  const absl::StatusOr<Namespace> space = Open(network.path);
  if (absl::IsNotFound(space.status())) return absl::OkStatus();
  RETURN_IF_ERROR(space.status());
  if (space->inode != network.inode) return absl::OkStatus();
  absl::StatusOr<netlink::Socket> socket = SocketIn(*space);
  RETURN_IF_ERROR(OfPod(network, socket.status()));
  return OfPod(network, Unwire(*socket, network));
}

}  // namespace backends
