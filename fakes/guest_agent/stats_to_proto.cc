// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/stats_to_proto.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/strip.h>

#include <vector>

#include "base/kernel_file.h"
#include "base/status_macros.h"
#include "container/cgroup_stats.h"

namespace fakes {
namespace {

constexpr std::uint64_t kNanosecondsPerMicrosecond = 1000;

void FillBlkio(const std::vector<container::BlockIoEntry>& from,
               google::protobuf::RepeatedPtrField<grpc::BlkioStatsEntry>& to) {
  for (const container::BlockIoEntry& entry : from) {
    grpc::BlkioStatsEntry& made = *to.Add();
    made.set_major(entry.major);
    made.set_minor(entry.minor);
    made.set_op(entry.op);
    made.set_value(entry.value);
  }
}

void FillMemory(const container::CgroupV1Stats::MemoryEntry& from, grpc::MemoryData& to) {
  to.set_usage(from.usage);
  to.set_max_usage(from.max);
  to.set_failcnt(from.failcnt);
  to.set_limit(from.limit);
}

void FillHugetlb(const std::vector<container::HugetlbStats>& from, grpc::CgroupStats& to) {
  for (const container::HugetlbStats& size : from) {
    grpc::HugetlbStats& made = (*to.mutable_hugetlb_stats())[size.page_size];
    made.set_usage(size.usage);
    made.set_max_usage(size.max);
    made.set_failcnt(size.failcnt);
  }
}

void FillNamed(const container::NamedCounts& from, grpc::MemoryStats& to) {
  for (const container::NamedCount& count : from) (*to.mutable_stats())[count.name] = count.value;
}

void Fill(const container::CgroupV1Stats& from, grpc::CgroupStats& to) {
  grpc::CpuStats& cpu = *to.mutable_cpu_stats();
  cpu.mutable_cpu_usage()->set_total_usage(from.cpu_total_ns);
  cpu.mutable_cpu_usage()->set_usage_in_kernelmode(from.cpu_kernel_ns);
  cpu.mutable_cpu_usage()->set_usage_in_usermode(from.cpu_user_ns);
  for (const std::uint64_t one : from.per_cpu_ns) cpu.mutable_cpu_usage()->add_percpu_usage(one);
  cpu.mutable_throttling_data()->set_periods(CountOf(from.cpu, "nr_periods"));
  cpu.mutable_throttling_data()->set_throttled_periods(CountOf(from.cpu, "nr_throttled"));
  cpu.mutable_throttling_data()->set_throttled_time(CountOf(from.cpu, "throttled_time"));
  grpc::MemoryStats& memory = *to.mutable_memory_stats();
  memory.set_cache(CountOf(from.memory, "cache"));
  FillMemory(from.usage, *memory.mutable_usage());
  FillMemory(from.swap, *memory.mutable_swap_usage());
  FillMemory(from.kernel, *memory.mutable_kernel_usage());
  memory.set_use_hierarchy(true);
  FillNamed(from.memory, memory);
  to.mutable_pids_stats()->set_current(from.pids.current);
  to.mutable_pids_stats()->set_limit(from.pids.limit);
  grpc::BlkioStats& io = *to.mutable_blkio_stats();
  FillBlkio(from.io_service_bytes, *io.mutable_io_service_bytes_recursive());
  FillBlkio(from.io_serviced, *io.mutable_io_serviced_recursive());
  FillBlkio(from.io_queued, *io.mutable_io_queued_recursive());
  FillBlkio(from.io_service_time, *io.mutable_io_service_time_recursive());
  FillBlkio(from.io_wait_time, *io.mutable_io_wait_time_recursive());
  FillBlkio(from.io_merged, *io.mutable_io_merged_recursive());
  FillBlkio(from.io_time, *io.mutable_io_time_recursive());
  FillBlkio(from.sectors, *io.mutable_sectors_recursive());
  FillHugetlb(from.hugetlb, to);
}

// The protocol knows the form of version 1 alone.
void Fill(const container::CgroupV2Stats& from, grpc::CgroupStats& to) {
  grpc::CpuStats& cpu = *to.mutable_cpu_stats();
  const auto ns = [&from](const char* name) {
    return CountOf(from.cpu, name) * kNanosecondsPerMicrosecond;
  };
  cpu.mutable_cpu_usage()->set_total_usage(ns("usage_usec"));
  cpu.mutable_cpu_usage()->set_usage_in_kernelmode(ns("system_usec"));
  cpu.mutable_cpu_usage()->set_usage_in_usermode(ns("user_usec"));
  cpu.mutable_throttling_data()->set_periods(CountOf(from.cpu, "nr_periods"));
  cpu.mutable_throttling_data()->set_throttled_periods(CountOf(from.cpu, "nr_throttled"));
  cpu.mutable_throttling_data()->set_throttled_time(ns("throttled_usec"));
  grpc::MemoryStats& memory = *to.mutable_memory_stats();
  memory.set_cache(CountOf(from.memory, "file"));
  memory.mutable_usage()->set_usage(from.memory_usage);
  memory.mutable_usage()->set_max_usage(from.memory_peak);
  memory.mutable_usage()->set_limit(from.memory_limit);
  memory.mutable_usage()->set_failcnt(CountOf(from.memory_events, "max"));
  memory.mutable_swap_usage()->set_usage(from.swap_usage);
  memory.mutable_swap_usage()->set_max_usage(from.swap_peak);
  memory.mutable_swap_usage()->set_limit(from.swap_limit);
  memory.set_use_hierarchy(true);
  FillNamed(from.memory, memory);
  to.mutable_pids_stats()->set_current(from.pids.current);
  to.mutable_pids_stats()->set_limit(from.pids.limit);
  FillHugetlb(from.hugetlb, to);
}

// /proc/PID/net/dev: two lines of titles, then "name: 16 numbers".
void FillNetwork(absl::string_view text, grpc::StatsContainerResponse& to) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> halves = absl::StrSplit(line, absl::MaxSplits(':', 1));
    if (halves.size() != 2) continue;
    std::vector<std::uint64_t> counts;
    for (const absl::string_view word : absl::StrSplit(halves[1], ' ', absl::SkipEmpty())) {
      std::uint64_t count = 0;
      if (absl::SimpleAtoi(word, &count)) counts.push_back(count);
    }
    if (counts.size() < 12) continue;
    grpc::NetworkStats& made = *to.add_network_stats();
    made.set_name(std::string(absl::StripAsciiWhitespace(halves[0])));
    made.set_rx_bytes(counts[0]);
    made.set_rx_packets(counts[1]);
    made.set_rx_errors(counts[2]);
    made.set_rx_dropped(counts[3]);
    made.set_tx_bytes(counts[8]);
    made.set_tx_packets(counts[9]);
    made.set_tx_errors(counts[10]);
    made.set_tx_dropped(counts[11]);
  }
}

}  // namespace

absl::StatusOr<grpc::StatsContainerResponse> StatsToProto(const container::Cgroup& cgroup,
                                                          pid_t init) {
  grpc::StatsContainerResponse response;
  if (cgroup.version == container::CgroupVersion::kV1) {
    ASSIGN_OR_RETURN(const container::CgroupV1Stats stats, container::ReadCgroupV1Stats(cgroup));
    Fill(stats, *response.mutable_cgroup_stats());
  } else {
    ASSIGN_OR_RETURN(const container::CgroupV2Stats stats, container::ReadCgroupV2Stats(cgroup));
    Fill(stats, *response.mutable_cgroup_stats());
  }
  if (init <= 0) return response;
  const auto text = base::ReadKernelFile(absl::StrCat("/proc/", init, "/net/dev"));
  if (text.ok()) FillNetwork(*text, response);
  return response;
}

}  // namespace fakes
