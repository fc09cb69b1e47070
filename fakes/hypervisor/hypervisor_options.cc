// SPDX-License-Identifier: Apache-2.0
#include "fakes/hypervisor/hypervisor_options.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace fakes {

absl::StatusOr<HypervisorOptions> ParseHypervisorOptions(const std::vector<std::string>& args) {
  HypervisorOptions options;
  bool version = false;
  std::string ignored;
  CLI::App app(
      "shimgauge-hypervisor: a stand-in for Cloud Hypervisor (docs/vm-protocol.md).\n"
      "Options of the real one that are not listed are accepted and have no effect.");
  app.allow_extras();
  app.add_option("--api-socket", options.api_socket, "PATH, or path=PATH, of the API's socket");
  app.add_flag("-v", options.verbosity, "Log to stderr what is called");
  app.add_flag("-V,--version", version, "Print whose API this is");
  app.add_option("--seccomp", ignored, "Accepted, as of the real one");
  app.add_option("--log-file", ignored, "Accepted, as of the real one");
  app.add_option("--fault-directory", options.fault_directory,
                 "Where faults.json is, and its journal")
      ->envname("SHIMGAUGE_HYPERVISOR_FAULTS");
  app.add_option("--control-socket", options.control_socket,
                 "For commands; with a fault directory there is one: control.<pid> in it");
  app.add_option("--shared-directory", options.shared_directory,
                 "What the guest sees at /run/kata-containers/shared/containers")
      ->envname("SHIMGAUGE_HYPERVISOR_SHARED");
  app.add_flag("--die-with-parent", options.die_with_parent,
               "End when the process that started this one is gone");
  // CLI11 takes the words from the back.
  std::vector<std::string> words(args.rbegin(), args.rend());
  try {
    app.parse(words);
  } catch (const CLI::CallForHelp&) {
    options.message = app.help("shimgauge-hypervisor");
    return options;
  } catch (const CLI::Error& error) {
    return absl::InvalidArgumentError(error.what());
  }
  if (version) {
    options.message = absl::StrCat("cloud-hypervisor ", kHypervisorVersion,
                                   " (shimgauge-hypervisor, a stand-in)\n");
    return options;
  }
  options.words = app.remaining();
  if (absl::StartsWith(options.api_socket, "path=")) options.api_socket.erase(0, 5);
  if (options.api_socket.empty()) {
    return absl::InvalidArgumentError("--api-socket: expected the path of a socket");
  }
  if (absl::StartsWith(options.api_socket, "fd=")) {
    return absl::InvalidArgumentError("--api-socket: expected a path; fd= is not supported here");
  }
  if (options.control_socket.empty() && !options.fault_directory.empty()) {
    options.control_socket = absl::StrCat(options.fault_directory, "/control.", ::getpid());
  }
  return options;
}

}  // namespace fakes
