// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference-shim/shim/options.h"

namespace shim {

// `start`, run by containerd in the bundle (contract 1.3): finds or makes the shim the container
// belongs to and prints its address, bare, which every containerd from 1.6 on understands (OUT-09).
// On failure the reason is on stderr, nothing on stdout, and no daemon and no socket is left.
// `program` is argv[0]. Returns the exit code.
int StartCommand(const Options& options, const char* program);

}  // namespace shim
