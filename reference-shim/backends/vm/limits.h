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
// How an exit is noticed that the end of an output does not tell, since somebody in the guest keeps
// it open or its client does not read (F18): the agent is asked after that long without output,
// what is left is read for that long at most, and written for that long before the exit is told.
// Together 1 s: the first may come twice.
inline constexpr std::chrono::milliseconds kQuietTimeout{150};
inline constexpr std::chrono::milliseconds kLeftOutputTimeout{400};
inline constexpr std::chrono::milliseconds kUnwrittenTimeout{300};
// Output of a process that has ended which its client has not taken: how much of it is kept, and
// how long Delete waits for the client.
inline constexpr std::size_t kUnwrittenBytesMax = 1024 * 1024;
inline constexpr std::chrono::milliseconds kClientTimeout{2000};
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
// How often the mounts of a container are listed anew for those that appeared meanwhile; and how
// often the directory of all VMs is made anew that the last of the others has taken away.
inline constexpr int kUnshareTries = 8;
inline constexpr int kStateRootTries = 8;
// After GetOOMEvent has failed (F17).
inline constexpr std::chrono::milliseconds kOomRetryPause{1000};
// SIGTERM, then SIGKILL, to a hypervisor that does not end when told.
inline constexpr std::chrono::milliseconds kTermTimeout{500};

// How often an agent is asked for an interface whose device it may not have yet, and the time
// between.
inline constexpr int kInterfaceTries = 10;
inline constexpr std::chrono::milliseconds kInterfacePause{100};

// --- the size of a machine ------------------------------------------------------------------

// Memory comes in blocks of this size: what Linux on x86 puts online at once.
inline constexpr std::uint64_t kMemoryBlockBytes = 128ULL << 20;

// --- the management endpoint -----------------------------------------------------------------

// Connections at a time, what one may send, and how long it may take over it, and over the answer.
inline constexpr std::size_t kManagementSessionsMax = 8;
inline constexpr std::uint32_t kManagementHeaderBytesMax = 8 * 1024;
inline constexpr std::size_t kManagementBodyBytesMax = 1024 * 1024;
inline constexpr std::chrono::milliseconds kManagementTimeout{5000};
// After a connection could not be accepted.
inline constexpr std::chrono::milliseconds kManagementRetryPause{1000};

// --- traces ---------------------------------------------------------------------------------

// Spans that wait to be written, more are lost; and bytes of an id or message in one of them.
inline constexpr std::size_t kTraceSpansMax = 2048;
inline constexpr std::size_t kTraceTextBytesMax = 256;
// From the first of them to the writing; how long that may take, and at the shim's end.
inline constexpr std::chrono::milliseconds kTracePause{1000};
inline constexpr std::chrono::milliseconds kTraceTimeout{5000};
inline constexpr std::chrono::milliseconds kTraceEndTimeout{1000};

// --- `delete` without a daemon --------------------------------------------------------------

// A killed hypervisor is gone; hooks; the agent of a pod whose shim lives. Together below what
// `delete` has (DEL-05).
inline constexpr std::chrono::milliseconds kVmReclaimKillTimeout{1500};
inline constexpr std::chrono::milliseconds kVmReclaimHooksTimeout{1500};
inline constexpr std::chrono::milliseconds kVmReclaimAgentTimeout{700};
inline constexpr std::chrono::milliseconds kVmHooksTimeout{60000};

}  // namespace backends
