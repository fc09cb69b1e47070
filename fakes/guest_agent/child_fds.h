// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace fakes {

// In a forked copy: `stdio` become 0, 1 and 2 (-1: /dev/null), and of all other descriptors only
// `keep` stay open. What the original has open belongs to other processes' stdio, whose ends would
// otherwise not be seen. False when it cannot be done.
bool ArrangeChildFds(const int (&stdio)[3], std::vector<int> keep);

}  // namespace fakes
