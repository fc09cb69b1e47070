// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

namespace containerd {

// The grammar of namespaces, container ids and topic components (FLAG-07): runs of letters and
// digits joined by a single '.', '_' or '-', at most kIdentifierBytesMax bytes. INVALID_ARGUMENT
// quotes the identifier and says what is wrong with it.
absl::Status ValidateIdentifier(absl::string_view identifier);

}  // namespace containerd
