// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace fakes {

// Applies the current plan's rules about how a daemon begins; call before it does. argc and argv
// are those of main(): its command line as others see it.
void BeginDaemon(int argc, char** argv);

}  // namespace fakes
