// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace conformance {

// Those of `candidates` that `word` is a misspelt part of, best first, at most `count`; none when
// nothing is like it.
std::vector<std::string> NearestWords(absl::string_view word,
                                      const std::set<std::string>& candidates, std::size_t count);

// "; did you mean a, b?", to be appended to a complaint; "" when there is nothing to offer.
std::string NearestHint(const std::vector<std::string>& nearest);

}  // namespace conformance
