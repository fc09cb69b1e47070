// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ttrpc/router.h"

namespace fakes {

// Puts the current plan's rules for calls around the methods of a service.
void MakeFaulty(ttrpc::BoundService& service);

}  // namespace fakes
