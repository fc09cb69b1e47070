// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/known_fault.h"

namespace fakes {

const std::vector<KnownFault>& WireFaults() {
  static const std::vector<KnownFault> faults = {};
  return faults;
}

}  // namespace fakes
