// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace fakes {

// Kata's runtimes start virtiofsd before the hypervisor and want it to be there. Nothing is served
// here, since the guest sees the host's directory where it lies, but the process behaves alike: it
// listens, says so, serves one connection, which is the hypervisor's, and ends with it.

// Whether `args`, without argv[0], are a command line of virtiofsd: --shared-dir is given, or -o
// source=.
bool IsVirtiofsd(const std::vector<std::string>& args);

// Plays it, with the socket of --socket-path or --fd, to the end of its connection. Returns the
// exit code; 1 with a sentence on stderr for what cannot be used.
int RunVirtiofsd(const std::vector<std::string>& args);

}  // namespace fakes
