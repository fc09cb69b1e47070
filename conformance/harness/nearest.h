// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace conformance {

// Those of `candidates` that look most like the misspelt `word`, best first, at most `count`.
std::vector<std::string> NearestWords(absl::string_view word,
                                      const std::set<std::string>& candidates, std::size_t count);

}  // namespace conformance
