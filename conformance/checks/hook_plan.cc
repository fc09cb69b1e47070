// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/hook_plan.h"

#include <absl/strings/str_cat.h>

#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

namespace conformance {

const std::array<HookPointInfo, 6>& HookPoints() {
  static constexpr std::array<HookPointInfo, 6> kPoints = {{
      {HookPoint::kPrestart, "prestart", "prestart", "creating", false, true},
      {HookPoint::kCreateRuntime, "createRuntime", "create-runtime", "creating", false, true},
      {HookPoint::kCreateContainer, "createContainer", "create-container", "creating", true, true},
      {HookPoint::kStartContainer, "startContainer", "start-container", "created", true, true},
      {HookPoint::kPoststart, "poststart", "poststart", "running", false, true},
      {HookPoint::kPoststop, "poststop", "poststop", "stopped", false, false},
  }};
  return kPoints;
}

const HookPointInfo& InfoOf(HookPoint point) {
  return HookPoints()[static_cast<std::size_t>(point)];
}

Hook ProgramHook(CheckContext& check, HookPoint point, const std::string& program,
                 const std::vector<std::string>& arguments) {
  Hook hook;
  hook.point = point;
  // The one point whose paths are the container's; its spec binds the fixture programs to /bin.
  hook.path = point == HookPoint::kStartContainer ? absl::StrCat("/bin/", program)
                                                  : check.ProgramOnHost(program);
  hook.args = {program};
  hook.args->insert(hook.args->end(), arguments.begin(), arguments.end());
  return hook;
}

std::function<std::string(std::string)> WithHooks(std::vector<Hook> hooks) {
  return [hooks = std::move(hooks)](const std::string& config_json) {
    auto config = nlohmann::json::parse(config_json, nullptr, /*allow_exceptions=*/false);
    for (const Hook& hook : hooks) {
      nlohmann::json entry = {{"path", hook.path}};
      if (hook.args) entry["args"] = *hook.args;
      if (hook.env) entry["env"] = *hook.env;
      if (hook.timeout) entry["timeout"] = *hook.timeout;
      config["hooks"][InfoOf(hook.point).key].push_back(std::move(entry));
    }
    return config.dump();
  };
}

}  // namespace conformance
