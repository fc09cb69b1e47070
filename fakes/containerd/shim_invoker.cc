// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/shim_invoker.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <unistd.h>

#include <utility>

#include "containerd/bootstrap.h"

namespace fakes {
namespace {

// containerd 2.3 is the first that speaks kParams; shims must not care (VERS-06).
constexpr char kContainerdVersion[] = "v2.3.0";
constexpr int kLogLevelInfo = 0;
constexpr int kLogLevelDebug = -4;

std::map<std::string, std::string> InheritedEnvironment() {
  std::map<std::string, std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(*entry, absl::MaxSplits('=', 1));
    result.insert(parts);
  }
  return result;
}

std::vector<std::string> Environment(const Daemon& daemon, const ShimAction& action) {
  std::map<std::string, std::string> env = InheritedEnvironment();
  env["TTRPC_ADDRESS"] = daemon.ttrpc_address;
  env["GRPC_ADDRESS"] = daemon.grpc_address;
  env["NAMESPACE"] = action.ns;
  env["MAX_SHIM_VERSION"] = "2";  // a constant, whatever is spoken (ENV-03)
  env["GOMAXPROCS"] = "2";
  for (const auto& [name, value] : daemon.env) env[name] = value;
  for (const auto& [name, value] : action.env) env[name] = value;
  for (const std::string& name : action.remove_env) env.erase(name);
  std::vector<std::string> result;
  result.reserve(env.size());
  for (const auto& [name, value] : env) result.push_back(absl::StrCat(name, "=", value));
  return result;
}

class FlagWriter {
 public:
  FlagWriter(const ShimAction& action, std::vector<std::string>& arguments)
      : dash_(action.double_dash ? "--" : "-"), equals_(action.equals), arguments_(arguments) {}
  void Add(const char* name, const std::string& value) {
    if (equals_) {
      arguments_.push_back(absl::StrCat(dash_, name, "=", value));
    } else {
      arguments_.push_back(absl::StrCat(dash_, name));
      arguments_.push_back(value);
    }
  }
  void Add(const char* name) { arguments_.push_back(absl::StrCat(dash_, name)); }

 private:
  const char* dash_;
  bool equals_;
  std::vector<std::string>& arguments_;
};

CommandSpec ActionCommand(const Daemon& daemon, const ShimAction& action, const char* word) {
  CommandSpec command;
  command.path = daemon.shim;
  FlagWriter flags(action, command.arguments);
  flags.Add("namespace", action.ns);
  flags.Add("address", daemon.grpc_address);
  flags.Add("publish-binary", daemon.publish_binary);
  flags.Add("id", action.id);
  if (!action.bundle.empty()) flags.Add("bundle", action.bundle);
  if (action.debug) flags.Add("debug");
  command.arguments.insert(command.arguments.end(), action.extra_flags.begin(),
                           action.extra_flags.end());
  command.arguments.push_back(word);
  command.env = Environment(daemon, action);
  command.working_directory = action.working_directory;
  command.deadline = action.deadline;
  return command;
}

std::optional<google::protobuf::Any> OptionsAny(const std::string& runc_options) {
  if (runc_options.empty()) return std::nullopt;
  // As given, without a decode: malformed options are a scenario of their own.
  google::protobuf::Any any;
  any.set_type_url(std::string(containerd::kRuncOptionsType));
  any.set_value(runc_options);
  return any;
}

}  // namespace

std::string StartInputBytes(StartDialect dialect, const Daemon& daemon, const ShimAction& action,
                            const std::string& runc_options, const std::string& socket_dir) {
  const std::optional<google::protobuf::Any> options = OptionsAny(runc_options);
  if (dialect == StartDialect::kLegacy) return containerd::EncodeLegacyOptions(options);
  containerd::StartParams params;
  params.id = action.id;
  params.name_space = action.ns;
  params.log_level = action.debug ? kLogLevelDebug : kLogLevelInfo;
  params.containerd_version = kContainerdVersion;
  params.ttrpc_address = daemon.ttrpc_address;
  params.grpc_address = daemon.grpc_address;
  params.binary = daemon.publish_binary;
  if (options) params.extensions.push_back(*options);
  if (!socket_dir.empty()) params.socket_dir = socket_dir;
  return containerd::EncodeBootstrapParams(params);
}

CommandSpec StartCommand(const Daemon& daemon, const ShimAction& action,
                         std::string standard_input) {
  ShimAction start = action;
  start.bundle.clear();
  CommandSpec command = ActionCommand(daemon, start, "start");
  command.standard_input = std::move(standard_input);
  command.one_pipe = true;
  return command;
}

CommandSpec DeleteCommand(const Daemon& daemon, const ShimAction& action) {
  return ActionCommand(daemon, action, "delete");
}

}  // namespace fakes
