// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>

namespace fakes {

// Loads every file of `directory` into the kernel, in the order of their names; one that is there
// already is fine. OK when there is no such directory: a kernel may need none. The first failure
// ends it and names the file.
absl::Status LoadModules(const std::string& directory);

}  // namespace fakes
