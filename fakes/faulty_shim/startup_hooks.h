// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace fakes {

// Rule `run hooks`: every hook of the bundle's config.json runs, and is waited for. The bundle is
// the working directory of the command. To be called when a command of the shim begins, by a daemon
// that was forked as well, and before its process ends.
void RunHooksAtBegin();
void RunHooksAtEnd();

}  // namespace fakes
