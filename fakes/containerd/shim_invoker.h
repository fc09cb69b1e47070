// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fakes/containerd/command.h"

namespace fakes {

// The two ways a containerd talks to `start`: up to 2.2 and from 2.3 on (VERS-01).
enum class StartDialect { kLegacy, kParams };

// What one containerd puts on every command line and into every environment.
struct Daemon {
  std::string shim;                        // the binary to run
  std::string grpc_address;                // -address, GRPC_ADDRESS
  std::string ttrpc_address;               // TTRPC_ADDRESS: the event sink
  std::string publish_binary;              // -publish-binary
  std::map<std::string, std::string> env;  // beyond what containerd sets; wins over it
};

// One `start` or `delete`.
struct ShimAction {
  std::string ns;
  std::string id;
  std::string bundle;             // -bundle of `delete`
  std::string working_directory;  // START-01, DEL-01: the bundle
  bool debug = false;
  std::map<std::string, std::string> env;  // wins over the daemon's
  std::vector<std::string> remove_env;
  std::vector<std::string> extra_flags;  // before the action word
  bool double_dash = false;              // --id instead of -id (FLAG-01)
  bool equals = false;                   // -id=X instead of -id X
  std::chrono::milliseconds deadline{10000};
};

// stdin of `start` in `dialect`. `runc_options` is a serialized containerd.runc.v1.Options, empty
// for none; `socket_dir` travels in kParams only, empty for none.
std::string StartInputBytes(StartDialect dialect, const Daemon& daemon, const ShimAction& action,
                            const std::string& runc_options, const std::string& socket_dir);

// `start` as containerd runs it: flags in its order and without -bundle (FLAG-03), its environment
// (ENV-01 ... ENV-06), stdout and stderr on one pipe (HARN-03).
CommandSpec StartCommand(const Daemon& daemon, const ShimAction& action,
                         std::string standard_input);

// `delete` as containerd runs it: with -bundle, /dev/null as stdin (STDIN-09), separate outputs.
CommandSpec DeleteCommand(const Daemon& daemon, const ShimAction& action);

}  // namespace fakes
