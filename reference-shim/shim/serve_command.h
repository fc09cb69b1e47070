// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/options.h"

namespace shim {

// Where the daemon finds its listening socket.
inline constexpr int kListenerFd = 3;

// The daemon: serves Task v2 and v3 on the socket it was given until Shutdown, SIGTERM or SIGINT.
// Events go to TTRPC_ADDRESS, log lines to stderr. Returns the exit code.
int ServeCommand(const Options& options, const char* program, const BackendFactory& factory);

}  // namespace shim
