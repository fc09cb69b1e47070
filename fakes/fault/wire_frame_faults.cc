// SPDX-License-Identifier: Apache-2.0
// Frames, envelopes and connections.
#include "fakes/fault/wire_fault_rows.h"

namespace fakes {

std::vector<KnownFault> WireFrameFaults() { return {}; }

}  // namespace fakes
