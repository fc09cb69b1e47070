// SPDX-License-Identifier: Apache-2.0
#include "base/network_namespace.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>
#include <cstdlib>

#include "base/status_macros.h"

namespace base {
namespace {

absl::StatusOr<UniqueFd> OpenOurs() {
  UniqueFd ours(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!ours.ok()) return ErrnoStatus(errno, "open /proc/thread-self/ns/net");
  return ours;
}

void GoBack(const UniqueFd& ours) {
  // What would go on here would do to one network what is meant for another.
  if (::setns(ours.get(), CLONE_NEWNET) != 0) std::abort();
}

}  // namespace

absl::StatusOr<UniqueFd> MakeNetworkNamespace() {
  ASSIGN_OR_RETURN(const UniqueFd ours, OpenOurs());
  if (::unshare(CLONE_NEWNET) != 0) return ErrnoStatus(errno, "make a network namespace");
  absl::StatusOr<UniqueFd> made = OpenOurs();
  GoBack(ours);
  return made;
}

absl::Status InNetworkNamespace(const UniqueFd& space, absl::FunctionRef<absl::Status()> body) {
  ASSIGN_OR_RETURN(const UniqueFd ours, OpenOurs());
  if (::setns(space.get(), CLONE_NEWNET) != 0) {
    return ErrnoStatus(errno, "enter the network namespace");
  }
  absl::Status status = body();
  GoBack(ours);
  return status;
}

}  // namespace base
