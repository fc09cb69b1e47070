// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/check_profile.h"

#include "conformance/harness/check_context_impl.h"

namespace conformance {

// Checks are given this kind of context alone.
const Profile& ProfileOf(CheckContext& check) {
  return static_cast<CheckContextImpl&>(check).profile();
}

}  // namespace conformance
