// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "oci/spec.h"

// From spec.h to JSON: what ParseSpec and ParseProcess read back equal. Members with their default
// value are left out, except those the OCI specification requires. INVALID_ARGUMENT if a text meant
// to be JSON (seccomp_json, other_json) is not, or a string is not UTF-8.
namespace oci {

// A config.json, indented, with a final newline.
absl::StatusOr<std::string> WriteSpec(const Spec& spec);

// On one line, as clients put them into Exec and Update.
absl::StatusOr<std::string> WriteProcess(const Process& process);
absl::StatusOr<std::string> WriteResources(const Resources& resources);

}  // namespace oci
