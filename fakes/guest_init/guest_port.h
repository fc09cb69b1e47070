// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <string>

#include "base/unique_fd.h"

namespace fakes {

// Where the kernel lists its virtio-serial ports.
struct GuestPortPlaces {
  std::string ports = "/sys/class/virtio-ports";  // <port>/name holds the name that the host gave
  std::string devices = "/dev";                   // <port>
};

// The device of the port with that name; empty: there is none yet.
std::string FindGuestPort(const GuestPortPlaces& places, const std::string& name);

// The same, but waits for it. Blocks meanwhile. DEADLINE_EXCEEDED names the port.
absl::StatusOr<std::string> AwaitGuestPort(const GuestPortPlaces& places, const std::string& name,
                                           std::chrono::milliseconds timeout);

// Whether somebody is at the host's end of an open port.
bool IsHostThere(const base::UniqueFd& port);

// A descriptor that is readable, until it was waited at with epoll_wait, whenever something has
// changed at `port`. While nobody is at the other end the port itself is hung up, which poll(2)
// says at once and again.
absl::StatusOr<base::UniqueFd> WatchGuestPort(const base::UniqueFd& port);

// Waits until there is such a port and somebody at the host's end, and opens it: a stream that does
// not block. Blocks meanwhile. DEADLINE_EXCEEDED names the port.
absl::StatusOr<base::UniqueFd> OpenGuestPort(const GuestPortPlaces& places, const std::string& name,
                                             std::chrono::milliseconds timeout);

}  // namespace fakes
