// SPDX-License-Identifier: Apache-2.0
#include "container/freezer.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <string>

#include "base/kernel_file.h"
#include "base/status_macros.h"

namespace container {
namespace {

std::string FreezerFile(const Cgroup& cgroup) {
  const std::string directory = cgroup.DirectoryOf("freezer");
  if (directory.empty()) return "";
  return absl::StrCat(directory,
                      cgroup.version == CgroupVersion::kV1 ? "/freezer.state" : "/cgroup.freeze");
}

}  // namespace

bool HasFreezer(const Cgroup& cgroup) {
  const std::string file = FreezerFile(cgroup);
  return !file.empty() && ::access(file.c_str(), W_OK) == 0;
}

bool IsFreezing(const Cgroup& cgroup) {
  const absl::StatusOr<std::string> state = base::ReadKernelFile(FreezerFile(cgroup));
  if (!state.ok()) return false;
  const absl::string_view word = absl::StripAsciiWhitespace(*state);
  return word == "FROZEN" || word == "FREEZING" || word == "1";
}

absl::Status Freeze(const Cgroup& cgroup) {
  const std::string file = FreezerFile(cgroup);
  if (file.empty()) return absl::NotFoundError("the cgroup has no freezer");
  return base::WriteKernelFile(file, cgroup.version == CgroupVersion::kV1 ? "FROZEN" : "1");
}

absl::StatusOr<bool> HasFrozen(const Cgroup& cgroup) {
  const bool v1 = cgroup.version == CgroupVersion::kV1;
  const std::string file =
      v1 ? FreezerFile(cgroup) : absl::StrCat(cgroup.DirectoryOf("freezer"), "/cgroup.events");
  ASSIGN_OR_RETURN(const std::string state, base::ReadKernelFile(file));
  return absl::StrContains(state, v1 ? "FROZEN" : "frozen 1");
}

}  // namespace container
