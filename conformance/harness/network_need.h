// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "conformance/harness/check.h"

namespace conformance {

// The claim `network`: a machine of the shim has the network of its pod.
inline constexpr Need kNeedNetwork = static_cast<Need>(1u << 18);

// Words of the vocabulary of Why::code (verdict.h) for checks that need it.
namespace why {
inline constexpr char kNetworkState[] = "network.state";  // what a network has or carries differs
inline constexpr char kLeftNetwork[] = "left.network";    // links, filters, addresses
}  // namespace why

}  // namespace conformance
