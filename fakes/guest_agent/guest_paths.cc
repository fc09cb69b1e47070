// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_paths.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <algorithm>
#include <vector>

#include "base/status_macros.h"
#include "fakes/guest_agent/limits.h"

namespace fakes {
namespace {

absl::Status CheckPath(absl::string_view path) {
  const std::vector<absl::string_view> parts = absl::StrSplit(path, '/');
  if (absl::StartsWith(path, "/") && path.find('\0') == absl::string_view::npos &&
      std::find(parts.begin(), parts.end(), "..") == parts.end()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("path \"", path, "\": expected an absolute one without \"..\""));
}

// False unless `path` is `directory` or below it; then what is left of it.
bool ConsumeDirectory(absl::string_view& path, absl::string_view directory) {
  absl::string_view rest = path;
  if (!absl::ConsumePrefix(&rest, directory)) return false;
  if (!rest.empty() && rest[0] != '/') return false;
  while (absl::ConsumePrefix(&rest, "/")) {
  }
  path = rest;
  return true;
}

}  // namespace

absl::Status CheckGuestId(absl::string_view what, absl::string_view id) {
  const auto fits = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
  };
  if (!id.empty() && id.size() <= kGuestIdBytesMax &&
      absl::ascii_isalnum(static_cast<unsigned char>(id[0])) &&
      std::all_of(id.begin(), id.end(), fits)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat(what, " \"", id.substr(0, kGuestIdBytesMax), "\": expected 1 to ",
                   kGuestIdBytesMax, " of [a-zA-Z0-9_.-], the first a letter or digit"));
}

absl::StatusOr<std::string> GuestPaths::Resolve(absl::string_view path) const {
  RETURN_IF_ERROR(CheckPath(path));
  if (ConsumeDirectory(path, kGuestRun)) return absl::StrCat(run_, "/", path);
  return std::string(path);
}

absl::StatusOr<std::string> GuestPaths::BelowRun(absl::string_view path) const {
  RETURN_IF_ERROR(CheckPath(path));
  absl::string_view rest = path;
  if (ConsumeDirectory(rest, kGuestRun) && !rest.empty()) return std::string(rest);
  return absl::InvalidArgumentError(
      absl::StrCat("path \"", path, "\": expected one below ", kGuestRun));
}

std::string GuestPaths::InShared(absl::string_view path) const {
  if (shared_.empty() || !CheckPath(path).ok()) return "";
  if (!ConsumeDirectory(path, kGuestShared) || path.empty()) return "";
  return absl::StrCat(shared_, "/", path);
}

}  // namespace fakes
