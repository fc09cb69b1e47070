// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "oci/spec.h"

namespace container {

// The container's state as hooks get it on stdin (HOOK-02).
struct HookState {
  std::string oci_version;
  std::string id;
  std::string status;  // "creating", "created", "running", "stopped"
  int pid = 0;         // left out when 0
  std::string bundle;  // absolute
  oci::StringMap annotations;
};
std::string HookStateJson(const HookState& state);

enum class HookFailure {
  kStops,   // the first failure ends the run and is its result (HOOK-07)
  kLogged,  // all hooks run; the result carries every failure (HOOK-08)
};

// Runs the hooks of one point, one after the other, in listed order (HOOK-01), in the namespaces
// and the root of the caller, and blocks until the last has ended: a shim does so in a process of
// its own (HOOK-05). argv, environment and timeout are the hook's (HOOK-03 to HOOK-05). A hook's
// stdout is thrown away as it comes, of its stderr the beginning is kept for the message (HOOK-07,
// HOOK-11). `point` is for messages: "createRuntime".
// What a hook leaves running is not waited for. ABORTED if a hook failed (HOOK-06).
// A hook that still runs at `deadline` ends as at its own timeout: with its process group; those
// behind it do not run, which is their failure.
absl::Status RunHooks(
    absl::string_view point, const std::vector<oci::Hook>& hooks, const HookState& state,
    HookFailure failure = HookFailure::kStops,
    const std::optional<std::chrono::steady_clock::time_point>& deadline = std::nullopt);

}  // namespace container
