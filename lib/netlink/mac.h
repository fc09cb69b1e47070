// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

namespace netlink {

// "02:00:00:00:00:01" of the bytes of a link-layer address, whatever its length; and the reverse,
// for the six of Ethernet, INVALID_ARGUMENT if it is none.
std::string FormatMac(absl::string_view bytes);
absl::StatusOr<std::string> ParseMac(absl::string_view text);

}  // namespace netlink
