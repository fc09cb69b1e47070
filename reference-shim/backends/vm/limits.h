// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every wait, buffer and amount of the vm backend that its configuration (vm_config.h) does not
// set.
namespace backends {

// --- HTTP to the hypervisor -----------------------------------------------------------------

inline constexpr std::size_t kHttpHeaderBytesMax = 16 * 1024;
inline constexpr std::size_t kHttpBodyBytesMax = 1024 * 1024;
// Nothing tells when a program has begun to listen: tried again after this, then after twice as
// long each time.
inline constexpr std::chrono::milliseconds kConnectPauseMin{2};
inline constexpr std::chrono::milliseconds kConnectPauseMax{50};

// The end of what the hypervisor has written to its stderr, for messages.
inline constexpr std::size_t kStderrTailBytes = 2048;

// --- QEMU's monitor -------------------------------------------------------------------------

inline constexpr std::size_t kQmpLineBytesMax = 1024 * 1024;

// --- hybrid vsock ---------------------------------------------------------------------------

// One handshake; a peer that accepts and says nothing is tried again (F9).
inline constexpr std::chrono::milliseconds kHandshakeTimeout{2000};

// --- processes ------------------------------------------------------------------------------

// One ReadStdout or WriteStdin. Far below the frame's maximum, large enough for a burst.
inline constexpr std::size_t kStreamBytes = 32 * 1024;
// How long an exit waits for the end of the outputs (F18); the agent itself drains 500 ms.
inline constexpr std::chrono::milliseconds kOutputTimeout{1000};
// How long an exit by SIGKILL that nobody here has sent waits for word of an OOM kill (F16).
inline constexpr std::chrono::milliseconds kOomWordTimeout{50};
// Calls that end a container: the next step makes up for one that hangs (F20, F25).
inline constexpr std::chrono::milliseconds kSignalTimeout{5000};
inline constexpr std::chrono::milliseconds kRemoveTimeout{5000};

// How long the end of a hypervisor is awaited that has closed its connections, and how long a
// process whose agent does not tell its end awaits that somebody tells of the VM's.
inline constexpr std::chrono::milliseconds kEndAfterSocketsTimeout{100};
inline constexpr std::chrono::milliseconds kUnknownEndTimeout{200};

// --- the sandbox ----------------------------------------------------------------------------

// mount(2), umount(2) and directories, in a forked process.
inline constexpr std::chrono::milliseconds kShareTimeout{10000};
// After GetOOMEvent has failed (F17).
inline constexpr std::chrono::milliseconds kOomRetryPause{1000};
// SIGTERM, then SIGKILL, to a hypervisor that does not end when told.
inline constexpr std::chrono::milliseconds kTermTimeout{500};

// --- the size of a machine ------------------------------------------------------------------

// Memory comes in blocks of this size: what Linux on x86 puts online at once.
inline constexpr std::uint64_t kMemoryBlockBytes = 128ULL << 20;

// --- `delete` without a daemon --------------------------------------------------------------

// A killed hypervisor is gone; hooks; the agent of a pod whose shim lives. Together below what
// `delete` has (DEL-05).
inline constexpr std::chrono::milliseconds kVmReclaimKillTimeout{1500};
inline constexpr std::chrono::milliseconds kVmReclaimHooksTimeout{1500};
inline constexpr std::chrono::milliseconds kVmReclaimAgentTimeout{700};
inline constexpr std::chrono::milliseconds kVmHooksTimeout{60000};

}  // namespace backends
