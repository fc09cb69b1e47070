// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

namespace conformance {

// A socket as people name it on a command line: a path, `unix://PATH`, `ttrpc+unix://PATH`, or
// '@NAME' for an abstract one. The form ttrpc::ConnectUnix takes. INVALID_ARGUMENT for other
// transports and for nothing at all.
absl::StatusOr<std::string> ParseSocketArgument(const std::string& argument);

}  // namespace conformance
