// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/kernel_file.h"
#include "container/cgroup_files.h"
#include "container/cgroup_stats.h"

namespace container {
namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;

std::uint64_t CountIn(const std::string& directory, absl::string_view name) {
  return ParseCount(TextOf(directory, name));
}

std::uint64_t TicksToNanoseconds(std::uint64_t ticks) {
  return ticks * (kNanosecondsPerSecond / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

CgroupV1Stats::MemoryEntry MemoryEntryOf(const std::string& directory, absl::string_view prefix) {
  return {.limit = CountIn(directory, absl::StrCat(prefix, "limit_in_bytes")),
          .usage = CountIn(directory, absl::StrCat(prefix, "usage_in_bytes")),
          .max = CountIn(directory, absl::StrCat(prefix, "max_usage_in_bytes")),
          .failcnt = CountIn(directory, absl::StrCat(prefix, "failcnt"))};
}

void ReadCpu(const Cgroup& cgroup, CgroupV1Stats& stats) {
  stats.cpu = ParseNamedCounts(TextOf(cgroup.DirectoryOf("cpu"), "cpu.stat"));
  const std::string accounting = cgroup.DirectoryOf("cpuacct");
  stats.cpu_total_ns = CountIn(accounting, "cpuacct.usage");
  const NamedCounts ticks = ParseNamedCounts(TextOf(accounting, "cpuacct.stat"));
  stats.cpu_kernel_ns = TicksToNanoseconds(CountOf(ticks, "system"));
  stats.cpu_user_ns = TicksToNanoseconds(CountOf(ticks, "user"));
  const std::string per_cpu = TextOf(accounting, "cpuacct.usage_percpu");
  for (const absl::string_view word :
       absl::StrSplit(per_cpu, absl::ByAnyChar(" \n"), absl::SkipEmpty())) {
    stats.per_cpu_ns.push_back(ParseCount(word));
  }
}

void ReadMemory(const Cgroup& cgroup, CgroupV1Stats& stats) {
  const std::string memory = cgroup.DirectoryOf("memory");
  stats.memory = ParseNamedCounts(TextOf(memory, "memory.stat"));
  stats.usage = MemoryEntryOf(memory, "memory.");
  stats.swap = MemoryEntryOf(memory, "memory.memsw.");
  stats.kernel = MemoryEntryOf(memory, "memory.kmem.");
  stats.kernel_tcp = MemoryEntryOf(memory, "memory.kmem.tcp.");
  stats.oom_control = ParseNamedCounts(TextOf(memory, "memory.oom_control"));
}

// "8:0" -> "/dev/sda"
std::string DeviceName(const std::string& diskstats, const BlockIoEntry& entry) {
  for (const absl::string_view line : absl::StrSplit(diskstats, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() > 2 && ParseCount(words[0]) == entry.major &&
        ParseCount(words[1]) == entry.minor) {
      return absl::StrCat("/dev/", words[2]);
    }
  }
  return "";
}

void ReadBlockIo(const Cgroup& cgroup, CgroupV1Stats& stats) {
  const std::string blkio = cgroup.DirectoryOf("blkio");
  struct File {
    absl::string_view name;
    std::vector<BlockIoEntry>* entries;
  };
  const File by_scheduler[] = {
      {"blkio.io_service_bytes_recursive", &stats.io_service_bytes},
      {"blkio.io_serviced_recursive", &stats.io_serviced},
      {"blkio.io_queued_recursive", &stats.io_queued},
      {"blkio.io_service_time_recursive", &stats.io_service_time},
      {"blkio.io_wait_time_recursive", &stats.io_wait_time},
      {"blkio.io_merged_recursive", &stats.io_merged},
      {"blkio.time_recursive", &stats.io_time},
      {"blkio.sectors_recursive", &stats.sectors},
  };
  // Without the BFQ or CFQ scheduler only the throttling layer counts.
  const File by_throttling[] = {
      {"blkio.throttle.io_service_bytes_recursive", &stats.io_service_bytes},
      {"blkio.throttle.io_serviced_recursive", &stats.io_serviced},
  };
  for (const File& file : by_scheduler) *file.entries = ParseBlockIo(TextOf(blkio, file.name));
  if (stats.io_serviced.empty()) {
    for (const File& file : by_throttling) *file.entries = ParseBlockIo(TextOf(blkio, file.name));
  }
  std::string diskstats;
  for (const File& file : by_scheduler) {
    for (BlockIoEntry& entry : *file.entries) {
      if (diskstats.empty()) diskstats = TextOf("/proc", "diskstats");
      entry.device = DeviceName(diskstats, entry);
    }
  }
}

void ReadHugetlb(const Cgroup& cgroup, CgroupV1Stats& stats) {
  const std::string hugetlb = cgroup.DirectoryOf("hugetlb");
  for (std::string& size : HugetlbPageSizes(hugetlb, "usage_in_bytes")) {
    const std::string prefix = absl::StrCat("hugetlb.", size, ".");
    stats.hugetlb.push_back({.page_size = std::move(size),
                             .usage = CountIn(hugetlb, absl::StrCat(prefix, "usage_in_bytes")),
                             .max = CountIn(hugetlb, absl::StrCat(prefix, "max_usage_in_bytes")),
                             .failcnt = CountIn(hugetlb, absl::StrCat(prefix, "failcnt"))});
  }
}

}  // namespace

absl::StatusOr<CgroupV1Stats> ReadCgroupV1Stats(const Cgroup& cgroup) {
  if (!Exists(cgroup)) return absl::NotFoundError("the cgroup is gone");
  CgroupV1Stats stats;
  const std::string pids = cgroup.DirectoryOf("pids");
  const std::uint64_t limit = CountIn(pids, "pids.max");
  stats.pids = {.current = CountIn(pids, "pids.current"),
                .limit = limit == std::numeric_limits<std::uint64_t>::max() ? 0 : limit};
  ReadCpu(cgroup, stats);
  ReadMemory(cgroup, stats);
  ReadBlockIo(cgroup, stats);
  ReadHugetlb(cgroup, stats);
  const std::string rdma = cgroup.DirectoryOf("rdma");
  stats.rdma_current = ParseRdma(TextOf(rdma, "rdma.current"));
  stats.rdma_limit = ParseRdma(TextOf(rdma, "rdma.max"));
  return stats;
}

}  // namespace container
