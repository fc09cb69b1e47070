// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace fakes {

// Where the command line of this process is as others see it: argc and argv of main(), which have
// to live as long as it does.
void RememberCommandLine(int argc, char** argv);

// Applies the current plan's rules about how a daemon begins; call before it does, in the process
// that is to be it.
void BeginDaemon();

}  // namespace fakes
