// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "fakes/wire/wire_rule.h"

namespace fakes {

// Whether the methods, topics and fields that `rule` names exist, as far as they are known: foreign
// methods and topics may be watched, but not edited. INVALID_ARGUMENT says what is not there.
absl::Status CheckWireRule(const WireRule& rule);

}  // namespace fakes
