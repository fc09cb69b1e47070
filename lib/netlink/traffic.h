// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <vector>

#include "netlink/socket.h"

// What happens to the frames that come in at a link, before anything else of the host sees them.
namespace netlink {

// Gives the link `index` a place for filters of such frames (an ingress qdisc). ALREADY_EXISTS: it
// has one, which is somebody else's.
absl::Status AddIngress(Socket& socket, int index);
// Takes it away with its filters.
absl::Status DeleteIngress(Socket& socket, int index);
// The links that have one, by index.
absl::StatusOr<std::vector<int>> ListIngress(Socket& socket);

// Every frame that comes in at `from`, which has an ingress, is sent out of `to` instead.
absl::Status RedirectIngress(Socket& socket, int from, int to);

}  // namespace netlink
