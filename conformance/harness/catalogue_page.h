// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/check.h"

namespace conformance {

// docs/checks.md: counts by level, every requirement with its checks or the reason why it has none,
// and every check with its requirements. In Markdown, the same for the same rows.
std::string CataloguePage(const std::vector<Check>& checks);

}  // namespace conformance
