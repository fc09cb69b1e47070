// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/confinement.h"

#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/status_macros.h"

namespace stage {
namespace {

constexpr uid_t kNobody = 65534;

absl::Status Shrink(int resource, std::uint64_t value, absl::string_view name) {
  rlimit limit = {};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) {
    return base::ErrnoStatus(errno, name);
  }
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, value);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur, limit.rlim_max);
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) {
    return base::ErrnoStatus(errno, name);
  }
  return absl::OkStatus();
}

absl::Status ShrinkIfAsked(int resource, std::uint64_t value, absl::string_view name) {
  return value == 0 ? absl::OkStatus() : Shrink(resource, value, name);
}

// Best effort: without privilege a user namespace brings the right to leave the others, if the host
// allows it. Ids are unmapped then, which harms nobody with all its files open.
void LeaveNetwork() {
  constexpr int kNamespaces = CLONE_NEWNET | CLONE_NEWIPC;
  if (::unshare(kNamespaces) != 0) (void)::unshare(CLONE_NEWUSER | kNamespaces);
}

absl::Status DropUser() {
  if (::geteuid() != 0) return absl::OkStatus();
  if (::setgroups(0, nullptr) != 0) return base::ErrnoStatus(errno, "setgroups");
  if (::setresgid(kNobody, kNobody, kNobody) != 0) return base::ErrnoStatus(errno, "setresgid");
  if (::setresuid(kNobody, kNobody, kNobody) != 0) return base::ErrnoStatus(errno, "setresuid");
  return absl::OkStatus();
}

}  // namespace

absl::Status Confine(const Confinement& confinement) {
  ::signal(SIGXFSZ, SIG_IGN);
  RETURN_IF_ERROR(Shrink(RLIMIT_CORE, 0, "RLIMIT_CORE"));
  RETURN_IF_ERROR(ShrinkIfAsked(RLIMIT_CPU, confinement.cpu_seconds_max, "RLIMIT_CPU"));
  RETURN_IF_ERROR(ShrinkIfAsked(RLIMIT_FSIZE, confinement.file_bytes_max, "RLIMIT_FSIZE"));
#if !defined(SHIMGAUGE_SANITIZED)  // the sanitizers take terabytes of address space
  RETURN_IF_ERROR(ShrinkIfAsked(RLIMIT_AS, confinement.memory_bytes_max, "RLIMIT_AS"));
#endif
  LeaveNetwork();
  if (confinement.drop_user) RETURN_IF_ERROR(DropUser());
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return base::ErrnoStatus(errno, "PR_SET_NO_NEW_PRIVS");
  }
  return absl::OkStatus();
}

}  // namespace stage
