// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/programs.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "base/status_macros.h"
#include "conformance/harness/shim_binary.h"

namespace conformance {
namespace {

namespace fs = std::filesystem;

fs::path Here() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

}  // namespace

std::string JudgeProgram() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).string();
}

absl::StatusOr<std::string> FindProgram(absl::string_view name) {
  std::string path = (Here() / std::string(name)).string();
  if (::access(path.c_str(), X_OK) == 0) return path;
  return absl::FailedPreconditionError(
      absl::StrCat("the selftest needs ", path, ", which is not there; build the target ", name));
}

absl::StatusOr<std::string> FindSubject(const std::string& argument) {
  if (argument.empty()) return FindProgram(kReferenceShim);
  ASSIGN_OR_RETURN(const ShimBinary shim, FindShim(argument));
  return shim.path;
}

std::string HashOf(const std::string& path) {
  const absl::StatusOr<ShimBinary> file = FindShim(path);
  return file.ok() ? file->sha256 : "";
}

}  // namespace conformance
