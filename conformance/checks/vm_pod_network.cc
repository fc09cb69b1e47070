// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/vm_pod_network.h"

#include <absl/strings/escaping.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/loopback.h"
#include "base/network_namespace.h"
#include "base/status_macros.h"
#include "netlink/ip.h"
#include "netlink/traffic.h"

namespace conformance {
namespace {

using ::testing::Eq;

constexpr char kDirectory[] = "/run/netns";
constexpr char kPath[] = "/run/netns/pod";
// Addresses that only the default routes lead to.
constexpr char kFarIpv4[] = "10.11.0.1";
constexpr char kFarIpv6[] = "fd11::1";
// Time for what goes after an answer.
constexpr std::chrono::seconds kSoon{5};

absl::Status AddAddress(netlink::Socket& socket, int link, const char* ip, int prefix_length) {
  return netlink::AddAddress(
      socket, {.link = link, .ip = ip, .prefix_length = prefix_length, .flags = IFA_F_NODAD});
}

absl::Status Dress(netlink::Socket& socket, const std::string& name, const char* mac,
                   std::uint32_t mtu, const char* ipv4, const char* ipv6) {
  ASSIGN_OR_RETURN(const netlink::Link link, netlink::FindLink(socket, name));
  RETURN_IF_ERROR(netlink::ChangeLink(socket, link.index, {.mac = mac, .mtu = mtu}));
  RETURN_IF_ERROR(netlink::ChangeLink(socket, link.index, {.up = true}));
  RETURN_IF_ERROR(AddAddress(socket, link.index, ipv4, 24));
  return ipv6 == nullptr ? absl::OkStatus() : AddAddress(socket, link.index, ipv6, 64);
}

absl::Status MountAt(const base::UniqueFd& space) {
  ::mkdir(kDirectory, 0755);
  const base::UniqueFd file(::open(kPath, O_WRONLY | O_CREAT | O_CLOEXEC, 0444));
  if (!file.ok()) return base::ErrnoStatus(errno, absl::StrCat("create ", kPath));
  const std::string source = absl::StrCat("/proc/self/fd/", space.get());
  if (::mount(source.c_str(), kPath, nullptr, MS_BIND, nullptr) == 0) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat("mount a network namespace on ", kPath));
}

// What the kernel makes by itself while a link is up comes when it likes.
bool IsKernels(const std::string& ip) {
  return absl::StartsWith(ip, "fe80:") || absl::StartsWith(ip, "ff");
}

}  // namespace

const std::vector<PodLink>& PodLinks() {
  static const std::vector<PodLink> links = {
      {"eth0", "02:09:00:00:00:02", 1400, "10.9.0.2", "fd09::2", "pod-eth0", "10.9.0.1", "fd09::1",
       "02:09:00:00:00:01"},
      {"net1", "02:0a:00:00:00:02", 1300, "10.10.0.2", nullptr, "pod-net1", "10.10.0.1", nullptr,
       "02:0a:00:00:00:01"},
  };
  return links;
}

PodNetwork::PodNetwork(CheckContext& check, Links links) : check_(check) {
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) check.Skip("this machine has no /dev/net/tun");
  const absl::Status made = Make(links);
  if (absl::IsUnimplemented(made)) {
    check.Skip(absl::StrCat("this machine's kernel: ", made.message()));
  }
  check.Require(made, {.code = why::kHarness});
  before_ = State();
}

PodNetwork::~PodNetwork() {
  (void)::umount2(kPath, MNT_DETACH);
  (void)::unlink(kPath);
  (void)::rmdir(kDirectory);
  absl::StatusOr<netlink::Socket> world = netlink::Socket::Open();
  if (!world.ok()) return;
  // Somebody may hold the namespace, and with it what the next one would like to be called.
  for (const PodLink& link : PodLinks()) {
    const absl::StatusOr<netlink::Link> peer = netlink::FindLink(*world, link.peer);
    if (peer.ok()) (void)netlink::DeleteLink(*world, peer->index);
  }
}

absl::Status PodNetwork::Make(Links links) {
  ASSIGN_OR_RETURN(space_, base::MakeNetworkNamespace());
  const auto open_socket = [this]() -> absl::Status {
    RETURN_IF_ERROR(base::RaiseLoopback());
    ASSIGN_OR_RETURN(netlink::Socket socket, netlink::Socket::Open());
    socket_ = std::make_unique<netlink::Socket>(std::move(socket));
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(base::InNetworkNamespace(space_, open_socket));
  RETURN_IF_ERROR(MountAt(space_));
  if (links == Links::kNone) return absl::OkStatus();
  ASSIGN_OR_RETURN(netlink::Socket world, netlink::Socket::Open());
  for (const PodLink& link : PodLinks()) RETURN_IF_ERROR(AddLink(world, link));
  const PodLink& first = PodLinks().front();
  ASSIGN_OR_RETURN(const netlink::Link peer, netlink::FindLink(world, first.peer));
  RETURN_IF_ERROR(AddAddress(world, peer.index, kFarIpv4, 32));
  RETURN_IF_ERROR(AddAddress(world, peer.index, kFarIpv6, 128));
  ASSIGN_OR_RETURN(const netlink::Link ours, netlink::FindLink(*socket_, first.name));
  for (const char* gateway : {first.gateway_ipv4, first.gateway_ipv6}) {
    RETURN_IF_ERROR(netlink::AddRoute(
        *socket_, {.family = netlink::FamilyOf(gateway), .gateway = gateway, .link = ours.index}));
  }
  return netlink::SetNeighbor(*socket_, {.link = ours.index,
                                         .ip = first.gateway_ipv4,
                                         .mac = first.gateway_mac,
                                         .state = NUD_PERMANENT});
}

absl::Status PodNetwork::AddLink(netlink::Socket& world, const PodLink& link) {
  RETURN_IF_ERROR(netlink::AddVethPair(world, link.peer, link.name, space_.get()));
  RETURN_IF_ERROR(
      Dress(world, link.peer, link.gateway_mac, link.mtu, link.gateway_ipv4, link.gateway_ipv6));
  return Dress(*socket_, link.name, link.mac, link.mtu, link.ipv4, link.ipv6);
}

BundleOptions PodNetwork::InBundle() const {
  BundleOptions options;
  options.edit = [](const std::string& text) {
    nlohmann::json spec = nlohmann::json::parse(text);
    nlohmann::json& spaces = spec["linux"]["namespaces"];
    for (std::size_t i = spaces.size(); i-- > 0;) {
      if (spaces[i].value("type", "") == "network") spaces.erase(i);
    }
    spaces.push_back({{"type", "network"}, {"path", kPath}});
    return spec.dump();
  };
  return options;
}

absl::StatusOr<std::vector<std::string>> PodNetwork::ReadState() const {
  ASSIGN_OR_RETURN(const std::vector<netlink::Link> links, netlink::ListLinks(*socket_));
  ASSIGN_OR_RETURN(const std::vector<netlink::Address> addresses, netlink::ListAddresses(*socket_));
  ASSIGN_OR_RETURN(const std::vector<netlink::Route> routes, netlink::ListRoutes(*socket_));
  ASSIGN_OR_RETURN(const std::vector<netlink::Neighbor> neighbors,
                   netlink::ListNeighbors(*socket_));
  ASSIGN_OR_RETURN(const std::vector<int> ingress, netlink::ListIngress(*socket_));
  const auto name = [&links](int index) {
    for (const netlink::Link& link : links) {
      if (link.index == index) return link.name;
    }
    return absl::StrCat("link ", index);
  };
  std::vector<std::string> lines;
  for (const netlink::Link& link : links) {
    lines.push_back(absl::StrCat("link ", link.name, " ", link.kind, " ", link.mac, " MTU ",
                                 link.mtu, link.up() ? " up" : " down"));
  }
  for (const netlink::Address& address : addresses) {
    if (IsKernels(address.ip)) continue;
    lines.push_back(absl::StrCat("address ", address.ip, "/", address.prefix_length, " of ",
                                 name(address.link)));
  }
  for (const netlink::Route& route : routes) {
    if (IsKernels(route.destination)) continue;
    lines.push_back(absl::StrCat("route to ", route.destination, "/", route.prefix_length, " via ",
                                 route.gateway, " over ", name(route.link)));
  }
  for (const netlink::Neighbor& neighbor : neighbors) {
    if (neighbor.state != NUD_PERMANENT || IsKernels(neighbor.ip)) continue;
    lines.push_back(
        absl::StrCat("neighbour ", neighbor.ip, " ", neighbor.mac, " at ", name(neighbor.link)));
  }
  for (const int index : ingress) lines.push_back(absl::StrCat("ingress of ", name(index)));
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> PodNetwork::State() const {
  return check_.Require(ReadState(), {.code = why::kHarness});
}

void PodNetwork::ExpectAsBefore(const std::string& when) const {
  std::vector<std::string> now;
  check_.Eventually(
      [&] {
        now = State();
        return now == before_;
      },
      kSoon);
  check_.EXPECT_THAT(now, Eq(before_),
                     {.text = absl::StrCat("what is in the pod's network namespace, ", when),
                      .code = why::kLeftNetwork,
                      .requirement = "VM-38"});
}

// --- a peer --------------------------------------------------------------------------------------

PodPeer::PodPeer(CheckContext& check, bool ipv6) : check_(check), ipv6_(ipv6) {
  listener_.reset(
      ::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_storage address{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  socklen_t size = ipv6 ? sizeof(v6) : sizeof(v4);
  address.ss_family = ipv6 ? AF_INET6 : AF_INET;
  void* const ip = ipv6 ? static_cast<void*>(&v6.sin6_addr) : static_cast<void*>(&v4.sin_addr);
  auto* const where = reinterpret_cast<sockaddr*>(&address);
  const bool listens = ::inet_pton(address.ss_family, ipv6 ? kFarIpv6 : kFarIpv4, ip) == 1 &&
                       ::bind(listener_.get(), where, size) == 0 &&
                       ::listen(listener_.get(), 1) == 0 &&
                       ::getsockname(listener_.get(), where, &size) == 0;
  check.ASSERT_THAT(listens, Eq(true),
                    {.text = "a peer of the pod listens", .code = why::kHarness});
  port_ = ntohs(v4.sin_port);  // in the same place in both
}

ProcessSpec PodPeer::Dial() const {
  char ip[sizeof(in6_addr)];
  (void)::inet_pton(ipv6_ ? AF_INET6 : AF_INET, ipv6_ ? kFarIpv6 : kFarIpv4, ip);
  const std::size_t size = ipv6_ ? sizeof(in6_addr) : sizeof(in_addr);
  return Program("dial", absl::BytesToHexString({ip, size}), absl::StrCat(port_), "ping");
}

void PodPeer::ExpectServes(const Task& task, const char* requirement) {
  base::UniqueFd caller;
  sockaddr_storage from{};
  std::string heard;
  check_.Eventually([&] {
    if (!caller.ok()) {
      socklen_t size = sizeof(from);
      caller.reset(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&from), &size,
                             SOCK_CLOEXEC | SOCK_NONBLOCK));
    }
    char bytes[64];
    const ssize_t got = caller.ok() ? ::recv(caller.get(), bytes, sizeof(bytes), 0) : -1;
    if (got > 0) heard.append(bytes, static_cast<std::size_t>(got));
    return absl::EndsWith(heard, "\n") || task.stdio().output_eof();
  });
  check_.ASSERT_THAT(heard, Eq("ping\n"),
                     {.text = "what the container sends arrives at the pod's peer",
                      .code = why::kNetworkState,
                      .requirement = requirement});
  char text[INET6_ADDRSTRLEN] = "";
  const void* const ip =
      ipv6_ ? static_cast<const void*>(&reinterpret_cast<sockaddr_in6&>(from).sin6_addr)
            : static_cast<const void*>(&reinterpret_cast<sockaddr_in&>(from).sin_addr);
  (void)::inet_ntop(from.ss_family, ip, text, sizeof(text));
  const PodLink& link = PodLinks().front();
  check_.EXPECT_THAT(std::string(text), Eq(ipv6_ ? link.ipv6 : link.ipv4),
                     {.text = "the address of the container",
                      .code = why::kNetworkState,
                      .requirement = requirement});
  (void)::send(caller.get(), "pong\n", 5, MSG_NOSIGNAL);
  caller.reset();
  task.stdio().AwaitEof();
  check_.EXPECT_THAT(task.stdio().output(), Eq("pong\n"),
                     {.text = "what the pod's peer sends arrives in the container",
                      .code = why::kNetworkState,
                      .requirement = requirement});
}

}  // namespace conformance
