// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "conformance/harness/check_context.h"
#include "netlink/link.h"
#include "netlink/socket.h"

namespace conformance {

// A link of the pod's network namespace, as a network plug-in leaves it.
struct PodLink {
  const char* name;
  const char* mac;
  std::uint32_t mtu;
  const char* ipv4;          // of prefix length 24
  const char* ipv6;          // of prefix length 64; nullptr: none
  const char* peer;          // the name of its other end, in the check's world
  const char* gateway_ipv4;  // an address of that end
  const char* gateway_ipv6;
  const char* gateway_mac;
};
// The first has the default routes.
const std::vector<PodLink>& PodLinks();

// The network namespace of a pod sandbox as CRI and a network plug-in make it: under /run/netns,
// with one end each of two pairs of links, whose other ends are in the check's world. Skips the
// check on a machine that has no such devices, or no taps. Make it before RunFiles.
class PodNetwork {
 public:
  enum class Links { kNone, kAll };
  explicit PodNetwork(CheckContext& check, Links links = Links::kAll);
  ~PodNetwork();
  PodNetwork(const PodNetwork&) = delete;
  PodNetwork& operator=(const PodNetwork&) = delete;

  // A container whose config.json names the namespace.
  [[nodiscard]] BundleOptions InBundle() const;

  // Links, addresses, routes, permanent neighbours and places for filters: a line each.
  [[nodiscard]] std::vector<std::string> State() const;
  // Waits until they are what they were when this was made. `when` ends the sentence.
  void ExpectAsBefore(const std::string& when) const;

 private:
  absl::Status Make(Links links);
  absl::Status AddLink(netlink::Socket& world, const PodLink& link);
  absl::StatusOr<std::vector<std::string>> ReadState() const;

  CheckContext& check_;
  base::UniqueFd space_;
  std::unique_ptr<netlink::Socket> socket_;  // in it
  std::vector<std::string> before_;
};

// Somebody in the check's world, behind the pod's gateway, who answers "ping" with "pong".
class PodPeer {
 public:
  PodPeer(CheckContext& check, bool ipv6);

  // A program whose output is the answer.
  [[nodiscard]] ProcessSpec Dial() const;
  // Serves the next caller, which is `task`; judges what it said, what it got, and who it was.
  void ExpectServes(const Task& task, const char* requirement = "VM-36");

 private:
  CheckContext& check_;
  const bool ipv6_;
  base::UniqueFd listener_;
  int port_ = 0;
};

}  // namespace conformance
