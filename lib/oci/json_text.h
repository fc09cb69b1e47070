// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>

namespace oci {

// `text` as a JSON string, quotes included, on one line. Bytes that are no UTF-8 become U+FFFD.
std::string JsonQuote(absl::string_view text);

}  // namespace oci
