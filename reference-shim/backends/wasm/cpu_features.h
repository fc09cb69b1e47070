// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace backends {

// One word for the architecture and all that the CPU says it can: native code made with one word
// may not run with another. Not cheap where a hypervisor traps cpuid: ask once.
std::string CpuFeatures();

}  // namespace backends
