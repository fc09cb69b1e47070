// SPDX-License-Identifier: Apache-2.0
#include "fakes/spec_edit/spec_edit.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/status_macros.h"
#include "fakes/spec_edit/hook_wrapper.h"

namespace fakes {
namespace {

constexpr absl::string_view kHooks = "hooks ";
constexpr absl::string_view kInContainer = "startContainer";
constexpr absl::string_view kHookPoints[] = {
    "*", "prestart", "createRuntime", "createContainer", "poststart", "poststop"};

// Whether there was a hook to put the wrapper before.
bool WrapHooks(const SpecEdit& edit, const std::string& wrapper, nlohmann::ordered_json& config) {
  if (!config.is_object() || !config.contains("hooks") || !config["hooks"].is_object()) {
    return false;
  }
  bool found = false;
  for (auto& [name, hooks] : config["hooks"].items()) {
    if (!hooks.is_array() || name == kInContainer) continue;
    if (edit.point != "*" && edit.point != name) continue;
    for (auto& hook : hooks) {
      if (!hook.is_object() || !hook.contains("path") || !hook["path"].is_string()) continue;
      std::vector<std::string> argv;
      if (hook.contains("args") && hook["args"].is_array()) hook["args"].get_to(argv);
      hook["args"] = WrappedHook(edit.action, hook["path"], argv);
      hook["path"] = wrapper;
      found = true;
    }
  }
  return found;
}

}  // namespace

absl::Status ParseHooksEdit(absl::string_view text, SpecEdit& edit) {
  text = absl::StripAsciiWhitespace(text);
  const absl::string_view point = text.substr(0, text.find(' '));
  if (std::find(std::begin(kHookPoints), std::end(kHookPoints), point) == std::end(kHookPoints)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", point,
                     "': expected *, prestart, createRuntime, createContainer, poststart or "
                     "poststop"));
  }
  edit.of_hooks = true;
  edit.point = std::string(point);
  edit.action = std::string(absl::StripLeadingAsciiWhitespace(text.substr(point.size())));
  return CheckHookWrapper(edit.action);
}

absl::StatusOr<SpecEdit> ParseSpecEdit(absl::string_view text) {
  SpecEdit edit;
  if (absl::ConsumePrefix(&text, kHooks)) {
    RETURN_IF_ERROR(ParseHooksEdit(text, edit));
  } else {
    ASSIGN_OR_RETURN(edit.json, ParseJsonEdit(text));
  }
  return edit;
}

absl::StatusOr<bool> ApplySpecEdit(const SpecEdit& edit, const std::string& wrapper,
                                   std::string& config_json) {
  if (!edit.of_hooks) return ApplyJsonEdit(edit.json, config_json);
  auto config = nlohmann::ordered_json::parse(config_json, nullptr, /*allow_exceptions=*/false);
  if (config.is_discarded()) return absl::InvalidArgumentError("no JSON");
  if (!WrapHooks(edit, wrapper, config)) return false;
  config_json = config.dump();
  return true;
}

}  // namespace fakes
