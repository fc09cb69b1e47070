// SPDX-License-Identifier: Apache-2.0
#include "conformance/call/socket_argument.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/strip.h>

#include "base/status_macros.h"
#include "containerd/shim_address.h"

namespace conformance {

absl::StatusOr<std::string> ParseSocketArgument(const std::string& argument) {
  if (argument.empty()) return absl::InvalidArgumentError("the socket's name is empty");
  if (!absl::StrContains(argument, "://")) return argument;
  absl::string_view address = argument;
  absl::ConsumePrefix(&address, "ttrpc+");
  ASSIGN_OR_RETURN(const containerd::Address parsed, containerd::ParseAddress(address));
  if (parsed.transport != containerd::Address::Transport::kUnix) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", argument, "': only unix sockets can be called"));
  }
  return parsed.path;
}

}  // namespace conformance
