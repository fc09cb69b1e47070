// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/known_fault.h"

namespace fakes {

const std::vector<KnownFault>& EngineFaults() {
  static const std::vector<KnownFault> faults = {};
  return faults;
}

}  // namespace fakes
