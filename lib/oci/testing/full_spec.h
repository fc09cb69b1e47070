// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "oci/spec.h"

namespace oci::testing {

// A spec in which every member of spec.h has a value other than its default, so that a reader or
// writer that forgets one is found out.
Spec FullSpec();

}  // namespace oci::testing
