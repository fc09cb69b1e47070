// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/known_fault.h"

namespace fakes {

absl::string_view KnownFaultSeamName(KnownFaultSeam seam) {
  constexpr absl::string_view kNames[] = {"wire", "shim", "engine"};
  return kNames[static_cast<int>(seam)];
}

const std::vector<KnownFault>& KnownFaultsAt(KnownFaultSeam seam) {
  switch (seam) {
    case KnownFaultSeam::kWire:
      return WireFaults();
    case KnownFaultSeam::kShim:
      return ShimFaults();
    case KnownFaultSeam::kEngine:
      break;
  }
  return EngineFaults();
}

const KnownFault* FindKnownFault(KnownFaultSeam seam, absl::string_view name) {
  for (const KnownFault& fault : KnownFaultsAt(seam)) {
    if (fault.name == name) return &fault;
  }
  return nullptr;
}

}  // namespace fakes
