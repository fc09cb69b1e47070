// SPDX-License-Identifier: Apache-2.0
#include "container/bundle_cgroup.h"

#include <absl/strings/string_view.h>

#include <algorithm>
#include <iterator>

#include "base/status_macros.h"
#include "oci/bundle.h"

namespace container {
namespace {

bool IsEssential(absl::string_view controller) {
  constexpr absl::string_view kEssential[] = {"cpuacct", "freezer", "memory", "pids"};
  return std::find(std::begin(kEssential), std::end(kEssential), controller) !=
         std::end(kEssential);
}

}  // namespace

absl::StatusOr<Cgroup> BundleCgroup(const std::string& bundle, const std::string& id,
                                    CgroupControllers controllers, const std::string& root) {
  ASSIGN_OR_RETURN(const oci::Spec spec, oci::ReadSpec(bundle));
  ASSIGN_OR_RETURN(const CgroupMounts mounts, CgroupMounts::Read(root));
  const std::string& path = spec.linux.cgroups_path;
  ASSIGN_OR_RETURN(Cgroup cgroup, mounts.Resolve(path.empty() ? id : path));
  if (cgroup.version == CgroupVersion::kV2 || controllers == CgroupControllers::kAll) return cgroup;
  cgroup.unified.clear();
  for (auto it = cgroup.controllers.begin(); it != cgroup.controllers.end();) {
    it = IsEssential(it->first) ? std::next(it) : cgroup.controllers.erase(it);
  }
  return cgroup;
}

}  // namespace container
