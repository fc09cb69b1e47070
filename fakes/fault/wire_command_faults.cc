// SPDX-License-Identifier: Apache-2.0
// What the commands of the shim print, and how they end.
#include "fakes/fault/wire_fault_rows.h"

namespace fakes {

std::vector<KnownFault> WireCommandFaults() { return {}; }

}  // namespace fakes
