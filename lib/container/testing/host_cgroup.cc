// SPDX-License-Identifier: Apache-2.0
#include "container/testing/host_cgroup.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/kernel_file.h"
#include "base/status_macros.h"

namespace container::testing {

absl::StatusOr<HostCgroup> HostCgroup::Create(const std::vector<std::string>& controllers) {
  if (::geteuid() != 0) return absl::FailedPreconditionError("needs root to make a cgroup");
  ASSIGN_OR_RETURN(const CgroupMounts mounts, CgroupMounts::Read());
  if (mounts.version() != CgroupVersion::kV1) {
    return absl::FailedPreconditionError("needs cgroup v1, legacy or hybrid");
  }
  HostCgroup made;
  made.cgroup_.version = CgroupVersion::kV1;
  for (const std::string& controller : controllers) {
    // Below the root of the hierarchy, that is: not inside the cgroup of this process.
    const Cgroup root = mounts.ParseMembership(absl::StrCat("1:", controller, ":/"));
    const std::string top = root.DirectoryOf(controller);
    if (top.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("cgroup controller ", controller, " is not mounted"));
    }
    made.cgroup_.controllers[controller] = absl::StrCat(top, "/shimgauge-test-", ::getpid());
  }
  RETURN_IF_ERROR(container::Make(made.cgroup_));
  return made;
}

HostCgroup::HostCgroup(HostCgroup&& other) noexcept
    : cgroup_(std::exchange(other.cgroup_, Cgroup())) {}

HostCgroup::~HostCgroup() {
  if (cgroup_.controllers.empty()) return;
  (void)SignalAll(cgroup_, SIGKILL);
  AwaitEmpty();
  const absl::Status removed = container::Remove(cgroup_);
  EXPECT_TRUE(removed.ok()) << removed;
}

void HostCgroup::Add(pid_t pid) {
  const absl::Status joined = Join(cgroup_, pid);
  EXPECT_TRUE(joined.ok()) << joined;
}

void HostCgroup::Set(absl::string_view controller, absl::string_view file, absl::string_view text) {
  const absl::Status status =
      base::WriteKernelFile(absl::StrCat(cgroup_.DirectoryOf(controller), "/", file), text);
  EXPECT_TRUE(status.ok()) << status;
}

void HostCgroup::Freeze() {
  Set("freezer", "freezer.state", "FROZEN");
  const std::string state = absl::StrCat(cgroup_.DirectoryOf("freezer"), "/freezer.state");
  // The kernel offers nothing to wait on; reading the state is what makes it look again.
  while (absl::StartsWith(base::ReadKernelFile(state).value_or("FROZEN"), "FREEZING"))
    ::sched_yield();
}

void HostCgroup::AwaitEmpty() {
  const std::string tasks = absl::StrCat(cgroup_.MembersDirectory(), "/tasks");
  // The kernel offers nothing to wait on in v1 but the release agent, which belongs to the host.
  while (!base::ReadKernelFile(tasks).value_or("").empty()) ::sched_yield();
}

}  // namespace container::testing
