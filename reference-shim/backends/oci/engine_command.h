// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "reference-shim/backends/oci/engine_options.h"

namespace backends {

// Which engine, and where it keeps what it knows.
struct EngineSettings {
  std::string binary = kDefaultEngine;
  std::string root;    // with the namespace (CREATE-16); empty: not said
  std::string bundle;  // working directory, and where its log goes; empty: "/", no log
  bool systemd_cgroup = false;
  friend bool operator==(const EngineSettings&, const EngineSettings&) = default;
};

EngineSettings SettingsFor(const EngineOptions& options, const std::string& namespace_name,
                           const std::string& bundle);

// <bundle>/log.json; empty without a bundle.
std::string LogFile(const EngineSettings& settings);

// One verb of the engine's command line (ENG-01).
struct EngineCommand {
  std::string verb;
  std::vector<std::string> flags;
  std::vector<std::string> arguments;  // mostly the container id
  friend bool operator==(const EngineCommand&, const EngineCommand&) = default;
};

// The complete argv.
std::vector<std::string> CommandLine(const EngineSettings& settings, const EngineCommand& command);

}  // namespace backends
