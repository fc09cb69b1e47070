// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "fakes/faulty_shim/rule.h"

namespace fakes {

// Makes what a `leak` rule names and never releases it: a descriptor, a thread, a child process
// (`child`; `copy`: with all descriptors; `listener`: with the listening socket), or `bytes` of
// memory that were written to.
void Leak(const Rule& rule);
void LeakMemory(std::size_t bytes);

}  // namespace fakes
