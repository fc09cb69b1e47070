// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <cstddef>

namespace conformance {

// Length of the UTF-8 sequence at the start of `text`, which is not empty; 0 if it is none: cut
// short, overlong, a surrogate, or no character at all (U+FFFE, U+FFFF).
std::size_t CharacterLength(absl::string_view text);

}  // namespace conformance
