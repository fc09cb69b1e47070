// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>

namespace backends {

// A features document with further `members` (JSON, without braces) in its "annotations", which it
// gets if it has none. Everything else stays byte by byte; a text that is no JSON object stays
// altogether.
std::string WithAnnotations(absl::string_view features, absl::string_view members);

}  // namespace backends
