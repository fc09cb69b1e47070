// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conformance/harness/check_context.h"
#include "conformance/harness/profile.h"

namespace conformance {

// What is said of the shim of a running check, for the few checks that drive what the shim drives.
const Profile& ProfileOf(CheckContext& check);

}  // namespace conformance
