// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "conformance/harness/check.h"

// The parts AddWasmChecks is made of, one per wasm_*.cc. All of them name modules of fixtures/wasm,
// so they hold for a shim that runs native programs as well.
namespace conformance {

void AddWasmEndChecks(std::vector<Check>& checks);      // traps, kills, signals
void AddWasmModuleChecks(std::vector<Check>& checks);   // malformed, large, text, components
void AddWasmProcessChecks(std::vector<Check>& checks);  // the process around the guest
void AddWasmSandboxChecks(std::vector<Check>& checks);  // files, descriptors, memory
void AddWasmShimChecks(std::vector<Check>& checks);     // several guests, streams, recovery, hooks

}  // namespace conformance
