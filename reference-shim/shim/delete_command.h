// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/options.h"

namespace shim {

// `delete`, run by containerd whenever it has lost a shim, for each of its containers (contract
// 1.8, 8.1): ends and removes whatever is left of the container, unmounts its rootfs, removes a
// socket nobody listens on, and prints how the init ended as a serialized DeleteResponse. Needs no
// daemon, disturbs none, publishes nothing. Returns the exit code: 0 also when nothing was left;
// 1, with nothing on stdout, when something could not be removed.
int DeleteCommand(const Options& options, const char* program, const BackendFactory& factory);

}  // namespace shim
