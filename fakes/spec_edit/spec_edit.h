// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

#include "fakes/spec_edit/json_edit.h"

namespace fakes {

// One change of a config.json: an edit (json_edit.h), or "hooks POINT HOW", which puts the wrapper
// of hook_wrapper.h before the hooks of POINT ("*": all but startContainer, whose programs are the
// container's).
struct SpecEdit {
  bool of_hooks = false;
  JsonEdit json;       // unless of_hooks
  std::string point;   // of hooks
  std::string action;  // what the wrapper does
};

// INVALID_ARGUMENT says which word was expected to be what.
absl::StatusOr<SpecEdit> ParseSpecEdit(absl::string_view text);
// The part behind "hooks".
absl::Status ParseHooksEdit(absl::string_view text, SpecEdit& edit);

// Changes `config_json`; whether anything is different now. `wrapper` is the program that runs
// RunHookWrapper() when it is told so. INVALID_ARGUMENT if it is no JSON.
absl::StatusOr<bool> ApplySpecEdit(const SpecEdit& edit, const std::string& wrapper,
                                   std::string& config_json);

}  // namespace fakes
