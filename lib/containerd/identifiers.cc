// SPDX-License-Identifier: Apache-2.0
#include "containerd/identifiers.h"

#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>

#include "containerd/limits.h"

namespace containerd {
namespace {

absl::Status Invalid(absl::string_view identifier, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("identifier \"", absl::CHexEscape(identifier), "\" ", why));
}

}  // namespace

absl::Status ValidateIdentifier(absl::string_view identifier) {
  if (identifier.empty()) return Invalid(identifier, "is empty");
  if (identifier.size() > kIdentifierBytesMax) {
    return Invalid(identifier, absl::StrCat("is longer than ", kIdentifierBytesMax, " bytes"));
  }
  bool after_separator = true;  // neither first nor last, nor two in a row
  for (const char c : identifier) {
    const bool separator = c == '.' || c == '_' || c == '-';
    if (!separator && !absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      return Invalid(identifier, "contains a character other than letters, digits, '.', '_', '-'");
    }
    if (separator && after_separator) {
      return Invalid(identifier, "has a '.', '_' or '-' that does not join two alphanumeric runs");
    }
    after_separator = separator;
  }
  if (after_separator) {
    return Invalid(identifier, "has a '.', '_' or '-' that does not join two alphanumeric runs");
  }
  return absl::OkStatus();
}

}  // namespace containerd
