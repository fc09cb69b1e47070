// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

namespace conformance {

// Where to look first when a check is red for this reason (Why::code): one sentence for the author
// of a shim; empty for codes that explain themselves.
absl::string_view HintFor(absl::string_view why_code);

}  // namespace conformance
