// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include "oci/spec.h"

// What of a specification a Wasm task cannot have. A field that matters for security and would have
// no effect is refused by its name, never passed over.
namespace stage {

// `config_json`: the text `spec` was read from, for the members that oci::Spec does not have.
// FAILED_PRECONDITION, or INVALID_ARGUMENT for what makes no sense in any container: "linux.…: …".
absl::Status CheckSpec(const oci::Spec& spec, absl::string_view config_json);

// Of a container's process or of an exec's, `where` being its name in the document.
absl::Status CheckProcess(const oci::Process& process, absl::string_view where);

}  // namespace stage
