// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/options.h"

namespace shim {

// `start`, run by containerd in the bundle (contract 1.3): finds or makes the shim the container
// belongs to and prints its address, bare, which every containerd from 1.6 on understands (OUT-09).
// On failure the reason is on stderr, nothing on stdout, and no daemon and no socket is left.
// argc and argv are main()'s. Returns the exit code, in the daemon that it makes of a copy of this
// process, too: that of ServeCommand.
int StartCommand(const Options& options, int argc, char** argv, const BackendFactory& factory);

}  // namespace shim
