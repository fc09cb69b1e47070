// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "fakes/faulty_shim/fault_plan.h"
#include "reference-shim/shim/backend.h"

namespace fakes {

// Puts the shim between a process (`of`: init, exec) and the streams that rules `pump stdio` name.
void PumpStreams(FaultPlan& plan, const std::string& of, shim::ProcessIo& io);

}  // namespace fakes
