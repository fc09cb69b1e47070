// SPDX-License-Identifier: Apache-2.0
#include "netlink/mac.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <net/ethernet.h>

#include <algorithm>

namespace netlink {

std::string FormatMac(absl::string_view bytes) {
  return absl::StrJoin(bytes, ":", [](std::string* out, char byte) {
    absl::StrAppend(out, absl::Hex(static_cast<unsigned char>(byte), absl::kZeroPad2));
  });
}

absl::StatusOr<std::string> ParseMac(absl::string_view text) {
  const std::vector<std::string> bytes = absl::StrSplit(text, ':');
  const bool valid =
      bytes.size() == ETH_ALEN &&
      std::all_of(bytes.begin(), bytes.end(), [](const std::string& byte) {
        return byte.size() == 2 && absl::ascii_isxdigit(byte[0]) && absl::ascii_isxdigit(byte[1]);
      });
  if (valid) return absl::HexStringToBytes(absl::StrJoin(bytes, ""));
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\": expected a MAC such as 02:00:00:00:00:01"));
}

}  // namespace netlink
