// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

namespace fakes {

// Until the port of the agent is there and the host at its other end. Longer than a hypervisor
// takes that emulates every instruction beside other work; whoever waits outside has a limit of his
// own.
inline constexpr std::chrono::seconds kGuestPortTimeout{60};

// What moves between port and agent at once: as much as the driver takes in one write(2).
inline constexpr std::size_t kPortBytes = 32 * 1024;

}  // namespace fakes
