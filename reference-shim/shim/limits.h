// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

// Every queue, buffer, loop and wait of the shim, in one place. A backend has its own.
namespace shim {

// --- start, delete, -info -------------------------------------------------------------------

// How long a command waits for more stdin before it goes on with what it has (INFO-06).
inline constexpr std::chrono::milliseconds kStdinPause{2000};
// exit.json, init.pid, address.
inline constexpr std::size_t kSmallFileBytesMax = 4096;
// `delete` has 5 s in all, then containerd kills it (DEL-05).
inline constexpr std::chrono::milliseconds kReclaimTimeout{4000};
// An engine asked for its features; containerd waits for it in the first Create (INFO-06).
inline constexpr std::chrono::milliseconds kFeaturesTimeout{4000};

// --- the daemon -----------------------------------------------------------------------------

// Tasks of one shim, execs of one task, calls of one task waiting for their turn. Far beyond any
// pod; what matters is that a client gone wild gets RESOURCE_EXHAUSTED before memory is gone.
inline constexpr std::size_t kTasksMax = 4096;
inline constexpr std::size_t kExecsMax = 16384;
inline constexpr std::size_t kVerbsWaitingMax = 4096;
// Waiters of one process.
inline constexpr std::size_t kWaitersMax = 16384;

// Delivery of the last events when Shutdown ends the shim. containerd gives Shutdown 3 s.
inline constexpr std::chrono::milliseconds kFlushTimeout{2000};
// Answers on their way when the daemon ends.
inline constexpr std::chrono::milliseconds kServerDrainTimeout{500};

// The end of what runs in a sandbox, where StopSandbox names no time (SBX-14), and within
// ShutdownSandbox; then the deletion of its tasks.
inline constexpr std::chrono::milliseconds kSandboxStopTimeout{10000};
inline constexpr std::chrono::milliseconds kSandboxDeleteTimeout{5000};

// All mounts, or the unmounting, of one rootfs.
inline constexpr std::chrono::milliseconds kRootfsTimeout{30000};

// How long the init's exit is held back for execs that survived it and its SIGKILL (EVT-24).
inline constexpr std::chrono::milliseconds kExitSettleTimeout{10000};
// How long Delete of a created container waits for the exit of the init it has killed.
inline constexpr std::chrono::milliseconds kKilledInitTimeout{2000};

// --- stdio ----------------------------------------------------------------------------------

// Delete waits this long for the output of a terminal or for a logger (DELETE-08).
inline constexpr std::chrono::milliseconds kDrainTimeout{10000};
// A logger reports ready (IO-23), ends by itself after end of file, ends after SIGTERM (IO-25).
inline constexpr std::chrono::milliseconds kLoggerReadyTimeout{30000};
inline constexpr std::chrono::milliseconds kLoggerEndTimeout{1000};
inline constexpr std::chrono::milliseconds kLoggerTermTimeout{9000};
// What a terminal's copying holds per direction.
inline constexpr std::size_t kRelayBufferBytes = 4096;

// Memory that a burst of calls has used goes back to the kernel this long after its beginning.
inline constexpr std::chrono::milliseconds kTrimDelay{100};
// How far below the current frame the stack is given back, and what stays for the frames between.
inline constexpr std::size_t kStackTrimBytes = 256 * 1024;
inline constexpr std::size_t kStackKeepBytes = 4 * 1024;

}  // namespace shim
