// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/options.h"

#include <absl/strings/str_cat.h>

#include "base/go_flags.h"
#include "base/status_macros.h"
#include "containerd/identifiers.h"

namespace shim {
namespace {

std::vector<base::GoFlagSpec> Flags() {
  return {
      {.name = "namespace", .is_bool = false, .help = "containerd namespace of the container"},
      {.name = "id", .is_bool = false, .help = "container id"},
      {.name = "address", .is_bool = false, .help = "containerd's gRPC socket"},
      {.name = "publish-binary", .is_bool = false, .help = "accepted and ignored"},
      {.name = "bundle", .is_bool = false, .help = "path of the bundle (delete)"},
      {.name = "debug", .is_bool = true, .help = "log debug messages"},
      {.name = "v", .is_bool = true, .help = "print the version and exit"},
      {.name = "version", .is_bool = true, .help = "the same"},
      {.name = "info", .is_bool = true, .help = "print the runtime's features and exit"},
  };
}

std::string Take(base::GoFlags& flags, const std::string& name) {
  const auto found = flags.values.find(name);
  return found == flags.values.end() ? "" : std::move(found->second);
}

bool IsSet(base::GoFlags& flags, const std::string& name) { return Take(flags, name) == "true"; }

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& args) {
  ASSIGN_OR_RETURN(base::GoFlags flags, base::ParseGoFlags(Flags(), args));
  Options options;
  options.id = Take(flags, "id");
  options.namespace_name = Take(flags, "namespace");
  options.address = Take(flags, "address");
  options.publish_binary = Take(flags, "publish-binary");
  options.bundle = Take(flags, "bundle");
  options.debug = IsSet(flags, "debug");
  options.version = IsSet(flags, "v") || IsSet(flags, "version");
  options.info = IsSet(flags, "info");
  if (flags.positional.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("one action at most, flags come before it: ", flags.positional[1]));
  }
  if (!flags.positional.empty()) options.action = std::move(flags.positional[0]);
  return options;
}

absl::Status RequireIdentity(const Options& options) {
  if (options.namespace_name.empty()) {
    return absl::InvalidArgumentError("shim namespace cannot be empty");
  }
  absl::Status valid = containerd::ValidateIdentifier(options.namespace_name);
  if (!valid.ok()) return base::Annotate(valid, "-namespace");
  if (options.id.empty()) return absl::InvalidArgumentError("container id cannot be empty");
  return base::Annotate(containerd::ValidateIdentifier(options.id), "-id");
}

std::string Usage(const std::string& program) {
  return absl::StrCat("Usage: ", program,
                      " [flags] start|delete\n"
                      "A containerd runtime v2 shim; containerd runs it. Flags:\n",
                      base::GoFlagsUsage(Flags()));
}

}  // namespace shim
