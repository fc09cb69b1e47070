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

// Waits until there is such a port and somebody at the host's end, and opens it: a stream that does
// not block. Blocks meanwhile. DEADLINE_EXCEEDED names the port.
absl::StatusOr<base::UniqueFd> OpenGuestPort(const GuestPortPlaces& places, const std::string& name,
                                             std::chrono::milliseconds timeout);

}  // namespace fakes
