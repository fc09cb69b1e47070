// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace fakes {

// Applies the current plan's rules about how a daemon begins; call before it does.
void BeginDaemon();

}  // namespace fakes
