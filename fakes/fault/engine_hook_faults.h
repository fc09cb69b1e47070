// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "fakes/fault/known_fault.h"

namespace fakes {

// The part of EngineFaults() that is about hooks.
std::vector<KnownFault> EngineHookFaults();

}  // namespace fakes
