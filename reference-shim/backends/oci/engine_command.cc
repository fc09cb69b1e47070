// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/engine_command.h"

#include <absl/strings/str_cat.h>

namespace backends {

EngineSettings SettingsFor(const EngineOptions& options, const std::string& namespace_name,
                           const std::string& bundle) {
  return {.binary = options.binary.empty() ? kDefaultEngine : options.binary,
          .root = absl::StrCat(options.root.empty() ? kDefaultEngineRoot : options.root, "/",
                               namespace_name),
          .bundle = bundle,
          .systemd_cgroup = options.systemd_cgroup};
}

std::string LogFile(const EngineSettings& settings) {
  return settings.bundle.empty() ? "" : absl::StrCat(settings.bundle, "/log.json");
}

std::vector<std::string> CommandLine(const EngineSettings& settings, const EngineCommand& command) {
  std::vector<std::string> argv = {settings.binary};
  const auto append = [&argv](const std::vector<std::string>& words) {
    argv.insert(argv.end(), words.begin(), words.end());
  };
  if (!settings.root.empty()) append({"--root", settings.root});
  if (!settings.bundle.empty()) append({"--log", LogFile(settings), "--log-format", "json"});
  if (settings.systemd_cgroup) append({"--systemd-cgroup"});
  append({command.verb});
  append(command.flags);
  append(command.arguments);
  return argv;
}

}  // namespace backends
