// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/private_run.h"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>

#include "base/status_macros.h"

namespace benchmarks {

absl::Status EnterPrivateRun() {
  if (::unshare(CLONE_NEWNS) != 0) return base::ErrnoStatus(errno, "unshare(CLONE_NEWNS)");
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return base::ErrnoStatus(errno, "mount / private");
  }
  if (::mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) {
    return base::ErrnoStatus(errno, "mount tmpfs on /run");
  }
  return absl::OkStatus();
}

}  // namespace benchmarks
