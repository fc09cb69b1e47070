// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "fakes/fault/known_fault.h"

// The rows of WireFaults(), by what they concern; in the language of fakes/wire/README.md.
namespace fakes {

std::vector<KnownFault> WireTaskFaults();
std::vector<KnownFault> WireControlFaults();
std::vector<KnownFault> WireExecFaults();
std::vector<KnownFault> WireEventFaults();
std::vector<KnownFault> WireFrameFaults();
std::vector<KnownFault> WireCommandFaults();
std::vector<KnownFault> WireStdioFaults();
std::vector<KnownFault> WireStartFaults();
std::vector<KnownFault> WireLifeFaults();
std::vector<KnownFault> WireRecoveryFaults();
std::vector<KnownFault> WireSandboxFaults();
std::vector<KnownFault> WireVmFaults();
std::vector<KnownFault> WireWasmFaults();
std::vector<KnownFault> WireWasmHookFaults();

}  // namespace fakes
