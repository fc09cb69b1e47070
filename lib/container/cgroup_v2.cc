// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include <limits>
#include <utility>

#include "container/cgroup_files.h"
#include "container/cgroup_stats.h"

namespace container {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

}  // namespace

absl::StatusOr<CgroupV2Stats> ReadCgroupV2Stats(const Cgroup& cgroup) {
  if (!Exists(cgroup)) return absl::NotFoundError("the cgroup is gone");
  const std::string& directory = cgroup.unified;
  const auto count = [&directory](absl::string_view name, std::uint64_t otherwise = 0) {
    return ParseCount(TextOf(directory, name), otherwise);
  };
  CgroupV2Stats stats;
  const std::uint64_t pids_limit = count("pids.max");
  stats.pids = {.current = count("pids.current"), .limit = pids_limit == kNoLimit ? 0 : pids_limit};
  stats.cpu = ParseNamedCounts(TextOf(directory, "cpu.stat"));
  stats.memory = ParseNamedCounts(TextOf(directory, "memory.stat"));
  stats.memory_events = ParseNamedCounts(TextOf(directory, "memory.events"));
  stats.memory_usage = count("memory.current");
  stats.memory_limit = count("memory.max", kNoLimit);
  stats.memory_peak = count("memory.peak");
  stats.swap_usage = count("memory.swap.current");
  stats.swap_limit = count("memory.swap.max", kNoLimit);
  stats.swap_peak = count("memory.swap.peak");
  stats.io = ParseIoStat(TextOf(directory, "io.stat"));
  stats.cpu_pressure = ParsePressure(TextOf(directory, "cpu.pressure"));
  stats.memory_pressure = ParsePressure(TextOf(directory, "memory.pressure"));
  stats.io_pressure = ParsePressure(TextOf(directory, "io.pressure"));
  for (std::string& size : HugetlbPageSizes(directory, "current")) {
    const std::string prefix = absl::StrCat("hugetlb.", size, ".");
    stats.hugetlb.push_back({.page_size = std::move(size),
                             .usage = count(absl::StrCat(prefix, "current")),
                             .max = count(absl::StrCat(prefix, "max"), kNoLimit),
                             .failcnt = 0});
  }
  stats.rdma_current = ParseRdma(TextOf(directory, "rdma.current"));
  stats.rdma_limit = ParseRdma(TextOf(directory, "rdma.max"));
  return stats;
}

}  // namespace container
