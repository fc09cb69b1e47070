// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/harness/check_context.h"

// The parts AddTtrpcWireChecks is made of, one per ttrpc_wire_*.cc (contract §3).
namespace conformance {

void AddTtrpcFrameChecks(std::vector<Check>& checks);     // §3.1 as hostile and odd clients do it
void AddTtrpcEnvelopeChecks(std::vector<Check>& checks);  // §3.2
void AddTtrpcLoadChecks(std::vector<Check>& checks);      // floods, many and dying connections

// A daemon that no container depends on, so that a check may lose it.
ShimUnderTest& DisposableShim(CheckContext& check);

// The shim still answers over its ordinary connection. `after` ends the sentence.
void ExpectServes(CheckContext& check, ShimUnderTest& shim, const std::string& after);

// Resident memory of a process in KiB, 0 when it is gone.
std::size_t ResidentKib(CheckContext& check, pid_t pid);

}  // namespace conformance
