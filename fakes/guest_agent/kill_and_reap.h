// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include "base/child_reaper.h"

namespace fakes {

// Ends a child at once, in the reaper's stead: nobody is told of its exit. It must not have been
// reaped. Blocks until it is gone.
void KillAndReap(pid_t pid, base::ChildReaper::Watch& watch);

}  // namespace fakes
