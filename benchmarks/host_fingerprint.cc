// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/host_fingerprint.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <fstream>

namespace benchmarks {
namespace {

bool IsCgroup2(const char* path) {
  struct statfs filesystem {};
  return ::statfs(path, &filesystem) == 0 && filesystem.f_type == CGROUP2_SUPER_MAGIC;
}

std::string CgroupVersion() {
  if (IsCgroup2("/sys/fs/cgroup")) return "v2";
  return IsCgroup2("/sys/fs/cgroup/unified") ? "hybrid" : "v1";
}

}  // namespace

HostFingerprint ReadHostFingerprint() {
  HostFingerprint host;
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line) && !line.empty();) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(line, absl::MaxSplits(':', 1));
    const absl::string_view key = absl::StripTrailingAsciiWhitespace(parts.first);
    if (key == "model name") host.cpu_model = std::string(absl::StripAsciiWhitespace(parts.second));
    if (key == "flags") host.virtualised = absl::StrContains(parts.second + " ", " hypervisor ");
  }
  cpu_set_t cpus;
  if (::sched_getaffinity(0, sizeof cpus, &cpus) == 0) host.cpus = CPU_COUNT(&cpus);
  struct utsname names {};
  if (::uname(&names) == 0) host.kernel = names.release;
  struct sysinfo info {};
  if (::sysinfo(&info) == 0) {
    host.memory_bytes = static_cast<std::uint64_t>(info.totalram) * info.mem_unit;
  }
  host.cgroup_version = CgroupVersion();
  return host;
}

}  // namespace benchmarks
