// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/startup_hooks.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <vector>

#include "base/spawn.h"
#include "fakes/faulty_shim/fault_plan.h"

namespace fakes {
namespace {

using nlohmann::json;

// Of the process that is the command. What it forks ends as well.
struct Command {
  pid_t pid = 0;
  std::string bundle;
};
Command& CommandOfThis() {
  static Command* const command = new Command;  // also needed when statics are gone
  return *command;
}

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

void RunHooks() {
  std::ifstream file(CommandOfThis().bundle + "/config.json");
  const json spec = json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!spec.is_object() || !spec.contains("hooks")) return;
  for (const json& point : spec["hooks"]) {
    for (const json& hook : point) RunHook(hook);
  }
}

}  // namespace

void RunHooksAtBegin() {
  std::error_code error;  // the directory may be gone
  if (CommandOfThis().bundle.empty()) {
    CommandOfThis().bundle = std::filesystem::current_path(error).string();
  }
  CommandOfThis().pid = ::getpid();
  if (Fire("run", "hooks", {{"at", "begin"}}) != nullptr) RunHooks();
}

void RunHooksAtEnd() {
  if (::getpid() != CommandOfThis().pid) return;
  if (Fire("run", "hooks", {{"at", "end"}}) != nullptr) RunHooks();
}

}  // namespace fakes
