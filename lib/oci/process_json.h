// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

namespace oci {

// The JSON text of an OCI process with its `terminal` set to what Exec asks for (EXEC-04);
// everything else stays byte by byte, members unknown to us included. INVALID_ARGUMENT if it is not
// a JSON object (EXEC-06, EXEC-07).
absl::StatusOr<std::string> WithTerminal(absl::string_view process_json, bool terminal);

}  // namespace oci
