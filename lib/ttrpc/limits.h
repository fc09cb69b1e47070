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

// Answers and requests made while one batch of input is handled are written together, unless they
// exceed this.
inline constexpr std::size_t kCorkBytesMax = 64 * 1024;

// What a connection reads at once; an idle one holds this much. Larger frames grow the buffer, and
// it shrinks again once they are handled.
inline constexpr std::size_t kReadBufferBytes = 4 * 1024;
inline constexpr std::size_t kReadBufferKeepBytes = 64 * 1024;

// The text of an error is cut here: engines can print anything (TT-22).
inline constexpr std::size_t kErrorMessageBytesMax = 64 * 1024;

// Connections one server keeps open at a time; more are accepted and closed at once.
inline constexpr std::size_t kConnectionsMax = 4096;

// Payloads of messages a peer may declare as metadata entries.
inline constexpr std::size_t kMetadataEntriesMax = 1024;

// Connections accepted in one go before others get their turn.
inline constexpr int kAcceptBatchMax = 64;

// When accepting fails for want of descriptors or memory and no connection closes meanwhile.
inline constexpr std::chrono::milliseconds kAcceptRetry{100};

}  // namespace ttrpc
