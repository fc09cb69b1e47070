// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "conformance/harness/check_context.h"

namespace conformance {

// The six places in a container's life at which hooks of config.json run (hooks.md).
enum class HookPoint {
  kPrestart,
  kCreateRuntime,
  kCreateContainer,
  kStartContainer,
  kPoststart,
  kPoststop,
};

struct HookPointInfo {
  HookPoint point;
  const char* key;           // in config.json: "createRuntime"
  const char* word;          // in ids of checks: "create-runtime"
  const char* status;        // of the container, in the state such a hook gets
  bool in_container;         // runs in the container's namespaces
  bool sees_live_container;  // a process of the container exists meanwhile (HOOK-02)
};

// In the order in which they run.
const std::array<HookPointInfo, 6>& HookPoints();
const HookPointInfo& InfoOf(HookPoint point);

// One entry of config.json. What is not set is left out of the entry.
struct Hook {
  HookPoint point = HookPoint::kPrestart;
  std::string path;
  std::optional<std::vector<std::string>> args;  // [0] is the hook's argv[0]
  std::optional<std::vector<std::string>> env;
  std::optional<int> timeout;  // seconds
};

// A hook that runs a fixture program, at the path where this point looks for it.
Hook ProgramHook(CheckContext& check, HookPoint point, const std::string& program,
                 const std::vector<std::string>& arguments = {});

// For BundleOptions::edit: adds `hooks`, those of one point in the order given.
std::function<std::string(std::string)> WithHooks(std::vector<Hook> hooks);

}  // namespace conformance
