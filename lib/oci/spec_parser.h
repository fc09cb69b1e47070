// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include "oci/spec.h"

// From JSON to spec.h. Unknown members are ignored, null members count as absent. Errors are
// INVALID_ARGUMENT naming the path or the place (JsonReader): `process.args[0]: expected a string`,
// `line 3, column 9: expected ':'`. Nothing is checked beyond types and ranges: whether a spec
// makes sense is for the engine to say.
namespace oci {

// A whole config.json.
absl::StatusOr<Spec> ParseSpec(absl::string_view json);

// The spec of an Exec (EXEC-01).
absl::StatusOr<Process> ParseProcess(absl::string_view json);

// The resources of an Update (UPDATE-01).
absl::StatusOr<Resources> ParseResources(absl::string_view json);

}  // namespace oci
