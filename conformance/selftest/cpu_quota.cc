// SPDX-License-Identifier: Apache-2.0
#include "conformance/selftest/cpu_quota.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/kernel_file.h"
#include "base/pidfd.h"
#include "base/status_macros.h"

namespace conformance {
namespace {

constexpr int kPeriodUs = 100000;
constexpr char kV1[] = "/sys/fs/cgroup/cpu";
constexpr char kV2[] = "/sys/fs/cgroup";

}  // namespace

absl::StatusOr<std::unique_ptr<CpuQuota>> CpuQuota::Make(int percent) {
  const bool v1 = ::access(absl::StrCat(kV1, "/cpu.cfs_quota_us").c_str(), F_OK) == 0 ||
                  ::access(absl::StrCat(kV1, "/cgroup.procs").c_str(), F_OK) == 0;
  const std::string path = absl::StrCat(v1 ? kV1 : kV2, "/shimgauge-selftest-", ::getpid());
  if (::mkdir(path.c_str(), 0755) != 0) {
    return absl::UnavailableError(base::ErrnoStatus(errno, "mkdir " + path).message());
  }
  std::unique_ptr<CpuQuota> quota(new CpuQuota(path));
  const int us = kPeriodUs / 100 * percent;
  const absl::Status set =
      v1 ? base::WriteKernelFile(path + "/cpu.cfs_quota_us", absl::StrCat(us))
         : base::WriteKernelFile(path + "/cpu.max", absl::StrCat(us, " ", kPeriodUs));
  if (!set.ok()) return absl::UnavailableError(set.message());
  return quota;
}

CpuQuota::~CpuQuota() { ::rmdir(path_.c_str()); }

std::vector<std::string> CpuQuota::Launcher() const {
  return {"/bin/sh", "-c", "echo $$ > \"$0\"/cgroup.procs && exec \"$@\"", path_};
}

absl::Status CheckCpuQuota() { return CpuQuota::Make(100).status(); }

absl::StatusOr<std::unique_ptr<CpuHogs>> CpuHogs::Start(int count) {
  std::unique_ptr<CpuHogs> hogs(new CpuHogs);
  base::SpawnSpec spec;
  spec.path = "/bin/sh";
  spec.argv = {"sh", "-c", "while :; do :; done"};
  spec.parent_death_signal = SIGKILL;
  for (int i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(hogs->hogs_.emplace_back(), base::Spawn(spec));
  }
  return hogs;
}

CpuHogs::~CpuHogs() {
  for (const base::Child& hog : hogs_) {
    base::SendSignal(hog.pidfd, SIGKILL).IgnoreError();
    while (::waitpid(hog.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

absl::StatusOr<std::unique_ptr<KernelSetting>> KernelSetting::Set(const std::string& path,
                                                                  const std::string& value) {
  ASSIGN_OR_RETURN(std::string before, base::ReadKernelFile(path));
  RETURN_IF_ERROR(base::WriteKernelFile(path, value));
  return std::unique_ptr<KernelSetting>(new KernelSetting(path, std::move(before)));
}

KernelSetting::~KernelSetting() { base::WriteKernelFile(path_, before_).IgnoreError(); }

}  // namespace conformance
