// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

// Every wait of the wasm backend outside the module cache. Deadlines are for what hangs: each is
// far beyond what the step takes, yet a Done always comes.
namespace backends {

// create, start and exec, from the stage's spawn to its answer: hooks run inside.
inline constexpr std::chrono::milliseconds kStageTimeout{120'000};
// Hooks of one point that run outside the container, all together.
inline constexpr std::chrono::milliseconds kHooksTimeout{120'000};
// From then on until they must have been killed.
inline constexpr std::chrono::milliseconds kHookKillTime{400};
inline constexpr std::chrono::milliseconds kFreezeTimeout{10'000};
// Between two looks at a freezer, which tells nobody when it is done.
inline constexpr std::chrono::milliseconds kFreezeLook{1};
// From SIGKILL to the last exit and the end of the cgroup.
inline constexpr std::chrono::milliseconds kDismantleTimeout{30'000};

// Reclaim has less than 4 s in all (DEL-05).
inline constexpr std::chrono::milliseconds kReclaimKillTimeout{2'000};
inline constexpr std::chrono::milliseconds kReclaimHooksTimeout{1'500};

}  // namespace backends
