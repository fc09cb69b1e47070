// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/status_macros.h"
#include "container/mounts.h"
#include "oci/bundle.h"
#include "reference-shim/shim/command_io.h"
#include "reference-shim/shim/limits.h"
#include "reference-shim/shim/rootfs.h"

namespace shim {
namespace {

std::string RootfsPath(const std::string& bundle) {
  return absl::StrCat(bundle, "/", oci::kRootfsDirectory);
}

absl::Status MountRootfs(const std::string& bundle) {
  ASSIGN_OR_RETURN(const std::string input, ReadStdin(kMountListBytesMax));
  containerd::task::v3::CreateTaskRequest request;
  if (!request.ParseFromString(input)) {
    return absl::InvalidArgumentError("stdin is no list of mounts");
  }
  std::vector<container::Mount> mounts;
  for (const containerd::types::Mount& mount : request.rootfs()) {
    mounts.push_back({.type = mount.type(),
                      .source = mount.source(),
                      .target = mount.target(),
                      .options = {mount.options().begin(), mount.options().end()}});
  }
  const std::string root = RootfsPath(bundle);
  if (::mkdir(root.c_str(), 0711) != 0 && errno != EEXIST) {
    return base::ErrnoStatus(errno, absl::StrCat("mkdir ", root));
  }
  return container::MountAll(mounts, root);
}

int Report(const absl::Status& status) {
  if (!status.ok()) WriteStderr(status.message());
  return static_cast<int>(status.code());
}

}  // namespace

int MountRootfsCommand(const std::string& bundle) { return Report(MountRootfs(bundle)); }

int UnmountRootfsCommand(const std::string& bundle) {
  return Report(container::UnmountAll(RootfsPath(bundle)));
}

}  // namespace shim
