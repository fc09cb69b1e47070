// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <vector>

namespace fakes {

// The children of this process as the kernel lists them, the latest last.
std::vector<pid_t> ListChildren();

}  // namespace fakes
