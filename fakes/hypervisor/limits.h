// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

namespace fakes {

// Of one request of the API. Configurations have some kilobytes.
inline constexpr std::size_t kHttpHeaderBytesMax = 8 * 1024;
inline constexpr std::size_t kHttpBodyBytesMax = 1U << 20;
inline constexpr std::size_t kJsonDepthMax = 64;
// Descriptors that come with one request: two per queue pair of a network device.
inline constexpr std::size_t kHttpFilesMax = 64;

// Connections at a time: more are accepted and closed.
inline constexpr std::size_t kApiConnectionsMax = 256;
inline constexpr std::size_t kVsockConnectionsMax = 4096;
inline constexpr std::size_t kControlConnectionsMax = 16;
inline constexpr int kListenBacklog = 4096;

// When accepting fails for want of descriptors.
inline constexpr std::chrono::milliseconds kAcceptPause{100};

// What a connection to the guest holds on its way, per direction: as much as one message of a
// stream's default buffer.
inline constexpr std::size_t kRelayBytes = 64 * 1024;
// Pieces that one direction moves before others get their turn.
inline constexpr int kRelayTurn = 16;

// A frame of a NIC with its header: what IPv4 can say, and then some.
inline constexpr std::size_t kFrameBytesMax = 68 * 1024;
// Frames that one side of a NIC moves before others get their turn.
inline constexpr int kNicTurn = 64;
// Queues of a NIC.
inline constexpr unsigned kNicQueuesMax = 64;

// One line of the control socket.
inline constexpr std::size_t kControlLineBytesMax = 64 * 1024;

// Descriptors this process may have open: three per connection to the guest.
inline constexpr std::size_t kFilesWanted = 65536;

// Places on the PCI bus, the host bridge's included; CPUs of a machine.
inline constexpr unsigned kPciSlots = 32;
inline constexpr unsigned kVcpusMax = 255;

}  // namespace fakes
