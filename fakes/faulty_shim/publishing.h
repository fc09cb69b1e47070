// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace fakes {

// Runs `work` once no event of this process is undelivered: at once, or from the loop.
void AfterDelivery(std::function<void()> work);

}  // namespace fakes
