// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace fakes {

// Runs every hook of the config.json in the working directory, which is the bundle's, and waits for
// them: rule `run hooks`.
void RunHooksOfBundle();

}  // namespace fakes
