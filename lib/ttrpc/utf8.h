// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <cstddef>
#include <string>

namespace ttrpc {

// Bytes of the longest prefix of `text` that is well-formed UTF-8 (RFC 3629: no surrogates, no
// overlong forms, nothing above U+10FFFF).
std::size_t Utf8PrefixBytes(absl::string_view text);

// `text` with every byte that is not part of well-formed UTF-8 replaced by U+FFFD. Protobuf strings
// must be UTF-8: a Go peer refuses the whole message otherwise.
std::string ToUtf8(absl::string_view text);

}  // namespace ttrpc
