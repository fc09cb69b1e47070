// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

// Every wait and buffer of the oci backend. Deadlines are for engines that hang: each is far beyond
// what the step takes, yet a Done always comes.
namespace backends {

// create, start, exec, restore: hooks run inside, pulling network and storage together.
inline constexpr std::chrono::milliseconds kLaunchTimeout{120'000};
// pause, resume, update, kill: the kernel's doing, no hook.
inline constexpr std::chrono::milliseconds kControlTimeout{10'000};
// delete: removes cgroups, runs poststop hooks.
inline constexpr std::chrono::milliseconds kDeleteTimeout{60'000};
// checkpoint: writes the container's whole memory.
inline constexpr std::chrono::milliseconds kCheckpointTimeout{600'000};
inline constexpr std::chrono::milliseconds kFeaturesTimeout{3'000};

// An engine that has made a process has sent its console just before.
inline constexpr std::chrono::milliseconds kConsoleTimeout{10'000};
// From SIGKILL to exit; beyond it the process hangs in the kernel and the engine shall try.
inline constexpr std::chrono::milliseconds kKilledInitTimeout{5'000};

// Reclaim has less than 4 s in all (DEL-05): the engine's share, that of doing it without, and that
// of removing the cgroup of a create that was cut off.
inline constexpr std::chrono::milliseconds kReclaimEngineTimeout{2'500};
inline constexpr std::chrono::milliseconds kReclaimKillTimeout{800};
inline constexpr std::chrono::milliseconds kReclaimSweepTimeout{400};

// What an engine may write to stdout and stderr together; more is refused to it.
inline constexpr std::size_t kEngineOutputBytesMax = 1U << 20;
// How far back the engine's log is searched for its last error.
inline constexpr std::size_t kEngineLogBytesMax = 64 * 1024;
// How much of the engine's own text becomes part of a message.
inline constexpr std::size_t kReasonBytesMax = 4096;
// options.json and runtime of a bundle.
inline constexpr std::size_t kRecordBytesMax = 64 * 1024;

// Exits of unknown children kept while engine commands run.
inline constexpr std::size_t kOrphansMax = 65'536;

}  // namespace backends
