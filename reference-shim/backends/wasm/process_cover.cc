// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/process_cover.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/mount.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "base/status_macros.h"
#include "container/mount_table.h"
#include "container/namespaces.h"
#include "container/recorded_process.h"

namespace backends {

absl::Status CoverProcessFileSystems(const std::string& pid_file) {
  ASSIGN_OR_RETURN(const pid_t pid, container::ReadPidFile(pid_file));
  ASSIGN_OR_RETURN(const base::UniqueFd pidfd, container::OpenRecordedProcess(pid_file));
  const std::string proc = absl::StrCat("/proc/", pid);
  ASSIGN_OR_RETURN(const std::string table, base::ReadKernelFile(absl::StrCat(proc, "/mountinfo")));
  const base::UniqueFd root(
      ::open(absl::StrCat(proc, "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.ok()) return base::ErrnoStatus(errno, "open the container's root");
  if (base::HasExited(pidfd)) return absl::UnavailableError("the init has ended");
  RETURN_IF_ERROR(container::EnterContainerOf(pidfd, root));
  for (const container::MountEntry& entry : container::ParseMountInfo(table)) {
    if (entry.type != "proc") continue;
    if (::mount("tmpfs", entry.mount_point.c_str(), "tmpfs", MS_RDONLY, nullptr) != 0) {
      return base::ErrnoStatus(errno, absl::StrCat("cover ", entry.mount_point));
    }
  }
  return absl::OkStatus();
}

}  // namespace backends
