// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ttrpc {

// ttrpc PROTOCOL.md "Message Frame"; contract TT-04.
inline constexpr std::size_t kFrameHeaderBytes = 10;
inline constexpr std::uint32_t kFrameDataBytesMax = 4u << 20;

// Calls one connection may have unanswered. A client beyond it gets RESOURCE_EXHAUSTED; containerd
// holds one Wait per process plus a handful.
inline constexpr std::size_t kCallsInFlightMax = 16 * 1024;

// Bytes queued for a peer that does not read. Beyond it the connection is closed.
inline constexpr std::size_t kWriteQueueBytesMax = 16u << 20;

// Connections one server keeps open at a time; more are accepted and closed at once.
inline constexpr std::size_t kConnectionsMax = 4096;

// Payloads of messages a peer may declare as metadata entries.
inline constexpr std::size_t kMetadataEntriesMax = 1024;

// How long a draining server waits for calls in flight.
inline constexpr std::chrono::seconds kDrainTimeout{2};

}  // namespace ttrpc
