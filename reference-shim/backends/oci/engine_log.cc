// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/engine_log.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_split.h>

#include <vector>

#include "oci/json_reader.h"

namespace backends {
namespace {

// The message of one line if it is an error, else empty.
std::string ErrorOf(absl::string_view line) {
  std::string level;
  std::string message;
  oci::JsonReader reader(line);
  const absl::Status status = reader.ReadObject([&](absl::string_view name) {
    if (name == "level") return reader.ReadString(level);
    if (name == "msg") return reader.ReadString(message);
    return reader.Skip();
  });
  const bool is_error = level == "error" || level == "fatal" || level == "panic";
  return status.ok() && is_error ? message : "";
}

}  // namespace

std::string LastLoggedError(absl::string_view log) {
  const std::vector<absl::string_view> lines = absl::StrSplit(log, '\n', absl::SkipEmpty());
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    std::string message = ErrorOf(*line);
    absl::StripAsciiWhitespace(&message);
    if (!message.empty()) return message;
  }
  return "";
}

}  // namespace backends
