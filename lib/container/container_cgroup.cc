// SPDX-License-Identifier: Apache-2.0
#include "container/container_cgroup.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/string_view.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "container/cgroup_limits.h"

namespace container {
namespace {

constexpr absl::string_view kUsed[] = {"cpu", "cpuacct", "freezer", "memory", "pids"};

bool IsUsed(absl::string_view controller, bool cpuset) {
  return std::find(std::begin(kUsed), std::end(kUsed), controller) != std::end(kUsed) ||
         (cpuset && controller == "cpuset");
}

void KeepUsed(Cgroup& cgroup, bool cpuset) {
  std::set<std::string> directories;  // controllers mounted together share theirs
  for (auto it = cgroup.controllers.begin(); it != cgroup.controllers.end();) {
    const bool keep = IsUsed(it->first, cpuset) && directories.insert(it->second).second;
    it = keep ? std::next(it) : cgroup.controllers.erase(it);
  }
  if (cgroup.version == CgroupVersion::kV1) cgroup.unified.clear();
}

bool MayNot(const std::error_code& error) {
  return error.value() == EACCES || error.value() == EPERM || error.value() == EROFS;
}

// False where the kernel does not let us, which leaves nothing behind.
absl::StatusOr<bool> MakeDirectory(const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error) return ::access(absl::StrCat(directory, "/cgroup.procs").c_str(), W_OK) == 0;
  if (MayNot(error)) return false;
  return base::ErrnoStatus(error.value(), absl::StrCat("mkdir ", directory));
}

// "slice:prefix:name" is systemd's way to say /slice/prefix-name.scope.
std::string PathOfScope(const std::string& path) {
  const std::vector<std::string> parts = absl::StrSplit(path, ':');
  if (parts.size() != 3) return path;
  const std::string slice = parts[0].empty() ? "system.slice" : parts[0];
  return absl::StrCat("/", slice, "/", parts[1], parts[1].empty() ? "" : "-", parts[2], ".scope");
}

absl::Status MakeDirectories(const CgroupMounts& mounts, Cgroup& cgroup) {
  for (auto it = cgroup.controllers.begin(); it != cgroup.controllers.end();) {
    ASSIGN_OR_RETURN(const bool made, MakeDirectory(it->second));
    it = made ? std::next(it) : cgroup.controllers.erase(it);
  }
  if (cgroup.unified.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const bool made, MakeDirectory(cgroup.unified));
  if (!made) cgroup.unified.clear();
  if (made) (void)EnableControllers(mounts, cgroup);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Cgroup> MakeContainerCgroup(const CgroupMounts& mounts, const oci::Spec& spec,
                                           const std::string& id, CgroupsPath reading) {
  std::string path = spec.linux.cgroups_path.empty() ? id : spec.linux.cgroups_path;
  if (reading == CgroupsPath::kSystemd) path = PathOfScope(path);
  const absl::StatusOr<Cgroup> resolved = mounts.Resolve(path);
  if (!resolved.ok()) return Cgroup();
  Cgroup cgroup = *resolved;
  const std::optional<oci::CpuResources>& cpu = spec.linux.resources.cpu;
  KeepUsed(cgroup, cpu.has_value() && (!cpu->cpus.empty() || !cpu->mems.empty()));
  absl::Status status = MakeDirectories(mounts, cgroup);
  if (status.ok()) status = PrepareCpuset(cgroup);
  if (status.ok()) status = ApplyResources(cgroup, spec.linux.resources);
  if (status.ok()) return cgroup;
  (void)RemoveLeaf(cgroup);
  return status;
}

}  // namespace container
