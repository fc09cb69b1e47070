// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/startup_hooks.h"

#include <sys/wait.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/spawn.h"

namespace fakes {
namespace {

using nlohmann::json;

// What cannot be run is no hook of this side of the container.
void RunHook(const json& hook) {
  if (!hook.is_object() || !hook.contains("path") || !hook["path"].is_string()) return;
  base::SpawnSpec program;
  program.path = hook["path"].get<std::string>();
  program.argv = {program.path};
  if (hook.contains("args") && hook["args"].is_array()) {
    program.argv.clear();
    for (const json& word : hook["args"]) {
      if (word.is_string()) program.argv.push_back(word.get<std::string>());
    }
  }
  const absl::StatusOr<base::Child> child = base::Spawn(program);
  if (!child.ok()) return;
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(child->pid), &info, WEXITED) != 0 && errno == EINTR) {
  }
}

}  // namespace

void RunHooksOfBundle() {
  std::ifstream file("config.json");
  const json spec = json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!spec.is_object() || !spec.contains("hooks")) return;
  for (const json& point : spec["hooks"]) {
    for (const json& hook : point) RunHook(hook);
  }
}

}  // namespace fakes
