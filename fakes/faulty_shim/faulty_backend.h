// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "fakes/faulty_shim/fault_plan.h"
#include "reference-shim/shim/backend.h"

namespace fakes {

// Puts the rules about containers and their processes around `backend`. `plan` and what the
// context refers to are borrowed.
std::unique_ptr<shim::Backend> MakeFaultyBackend(std::unique_ptr<shim::Backend> backend,
                                                 FaultPlan& plan,
                                                 const shim::BackendContext& context);

}  // namespace fakes
