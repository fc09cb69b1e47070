// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/hypervisor_choice.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

namespace conformance {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Candidates(const std::string& name) {
  if (absl::StrContains(name, '/')) return {name};
  std::error_code error;
  std::vector<std::string> candidates = {
      (fs::read_symlink("/proc/self/exe", error).parent_path() / name).string()};
  const char* const search = std::getenv("PATH");
  for (const absl::string_view entry : absl::StrSplit(search != nullptr ? search : "", ':')) {
    if (absl::StartsWith(entry, "/")) candidates.push_back(absl::StrCat(entry, "/", name));
  }
  return candidates;
}

}  // namespace

absl::StatusOr<std::string> FindHypervisor(const Profile& profile) {
  if (profile.hypervisor.empty()) return std::string();
  for (const std::string& candidate : Candidates(profile.hypervisor)) {
    std::error_code error;
    const fs::path resolved = fs::canonical(candidate, error);
    if (!error && fs::is_regular_file(resolved, error) && ::access(resolved.c_str(), X_OK) == 0) {
      return resolved.string();
    }
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the hypervisor ", profile.hypervisor, " is not installed: the profile (", profile.name,
      ") says that the shim drives it; install it",
      absl::StrContains(profile.hypervisor, '/') ? "" : ", beside the judge or in PATH,",
      " or give a --profile with another [engine]"));
}

}  // namespace conformance
