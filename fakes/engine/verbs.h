// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace fakes {

// Runs one command line (without the program's own name) and returns its exit code.
int RunEngine(const std::vector<std::string>& words);

}  // namespace fakes
