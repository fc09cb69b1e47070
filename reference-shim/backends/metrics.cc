// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/metrics.h"

#include <cstdint>
#include <vector>

#include "base/status_macros.h"
#include "container/cgroup_stats.h"
#include "metrics/v1/metrics.pb.h"
#include "metrics/v2/metrics.pb.h"

namespace backends {
namespace {

namespace v1 = io::containerd::cgroups::v1;
namespace v2 = io::containerd::cgroups::v2;
using container::CgroupV1Stats;
using container::CgroupV2Stats;
using container::CountOf;

// Which line of a file becomes which field.
template <typename Message>
struct Field {
  const char* name;
  void (Message::*set)(std::uint64_t);
};

template <typename Message, std::size_t size>
void Fill(const container::NamedCounts& counts, const Field<Message> (&fields)[size],
          Message& message) {
  for (const Field<Message>& field : fields) (message.*field.set)(CountOf(counts, field.name));
}

constexpr Field<v1::MemoryStat> kV1Memory[] = {
    {"cache", &v1::MemoryStat::set_cache},
    {"rss", &v1::MemoryStat::set_rss},
    {"rss_huge", &v1::MemoryStat::set_rss_huge},
    {"mapped_file", &v1::MemoryStat::set_mapped_file},
    {"dirty", &v1::MemoryStat::set_dirty},
    {"writeback", &v1::MemoryStat::set_writeback},
    {"pgpgin", &v1::MemoryStat::set_pg_pg_in},
    {"pgpgout", &v1::MemoryStat::set_pg_pg_out},
    {"pgfault", &v1::MemoryStat::set_pg_fault},
    {"pgmajfault", &v1::MemoryStat::set_pg_maj_fault},
    {"inactive_anon", &v1::MemoryStat::set_inactive_anon},
    {"active_anon", &v1::MemoryStat::set_active_anon},
    {"inactive_file", &v1::MemoryStat::set_inactive_file},
    {"active_file", &v1::MemoryStat::set_active_file},
    {"unevictable", &v1::MemoryStat::set_unevictable},
    {"hierarchical_memory_limit", &v1::MemoryStat::set_hierarchical_memory_limit},
    {"hierarchical_memsw_limit", &v1::MemoryStat::set_hierarchical_swap_limit},
    {"total_cache", &v1::MemoryStat::set_total_cache},
    {"total_rss", &v1::MemoryStat::set_total_rss},
    {"total_rss_huge", &v1::MemoryStat::set_total_rss_huge},
    {"total_mapped_file", &v1::MemoryStat::set_total_mapped_file},
    {"total_dirty", &v1::MemoryStat::set_total_dirty},
    {"total_writeback", &v1::MemoryStat::set_total_writeback},
    {"total_pgpgin", &v1::MemoryStat::set_total_pg_pg_in},
    {"total_pgpgout", &v1::MemoryStat::set_total_pg_pg_out},
    {"total_pgfault", &v1::MemoryStat::set_total_pg_fault},
    {"total_pgmajfault", &v1::MemoryStat::set_total_pg_maj_fault},
    {"total_inactive_anon", &v1::MemoryStat::set_total_inactive_anon},
    {"total_active_anon", &v1::MemoryStat::set_total_active_anon},
    {"total_inactive_file", &v1::MemoryStat::set_total_inactive_file},
    {"total_active_file", &v1::MemoryStat::set_total_active_file},
    {"total_unevictable", &v1::MemoryStat::set_total_unevictable},
};

constexpr Field<v1::Throttle> kV1Throttle[] = {
    {"nr_periods", &v1::Throttle::set_periods},
    {"nr_throttled", &v1::Throttle::set_throttled_periods},
    {"throttled_time", &v1::Throttle::set_throttled_time},
};

constexpr Field<v1::MemoryOomControl> kV1OomControl[] = {
    {"oom_kill_disable", &v1::MemoryOomControl::set_oom_kill_disable},
    {"under_oom", &v1::MemoryOomControl::set_under_oom},
    {"oom_kill", &v1::MemoryOomControl::set_oom_kill},
};

constexpr Field<v2::CPUStat> kV2Cpu[] = {
    {"usage_usec", &v2::CPUStat::set_usage_usec},
    {"user_usec", &v2::CPUStat::set_user_usec},
    {"system_usec", &v2::CPUStat::set_system_usec},
    {"nr_periods", &v2::CPUStat::set_nr_periods},
    {"nr_throttled", &v2::CPUStat::set_nr_throttled},
    {"throttled_usec", &v2::CPUStat::set_throttled_usec},
    {"nr_bursts", &v2::CPUStat::set_nr_bursts},
    {"burst_usec", &v2::CPUStat::set_burst_usec},
};

constexpr Field<v2::MemoryStat> kV2Memory[] = {
    {"anon", &v2::MemoryStat::set_anon},
    {"file", &v2::MemoryStat::set_file},
    {"kernel_stack", &v2::MemoryStat::set_kernel_stack},
    {"slab", &v2::MemoryStat::set_slab},
    {"sock", &v2::MemoryStat::set_sock},
    {"shmem", &v2::MemoryStat::set_shmem},
    {"file_mapped", &v2::MemoryStat::set_file_mapped},
    {"file_dirty", &v2::MemoryStat::set_file_dirty},
    {"file_writeback", &v2::MemoryStat::set_file_writeback},
    {"anon_thp", &v2::MemoryStat::set_anon_thp},
    {"inactive_anon", &v2::MemoryStat::set_inactive_anon},
    {"active_anon", &v2::MemoryStat::set_active_anon},
    {"inactive_file", &v2::MemoryStat::set_inactive_file},
    {"active_file", &v2::MemoryStat::set_active_file},
    {"unevictable", &v2::MemoryStat::set_unevictable},
    {"slab_reclaimable", &v2::MemoryStat::set_slab_reclaimable},
    {"slab_unreclaimable", &v2::MemoryStat::set_slab_unreclaimable},
    {"pgfault", &v2::MemoryStat::set_pgfault},
    {"pgmajfault", &v2::MemoryStat::set_pgmajfault},
    {"workingset_nodereclaim", &v2::MemoryStat::set_workingset_nodereclaim},
    {"pgrefill", &v2::MemoryStat::set_pgrefill},
    {"pgscan", &v2::MemoryStat::set_pgscan},
    {"pgsteal", &v2::MemoryStat::set_pgsteal},
    {"pgactivate", &v2::MemoryStat::set_pgactivate},
    {"pgdeactivate", &v2::MemoryStat::set_pgdeactivate},
    {"pglazyfree", &v2::MemoryStat::set_pglazyfree},
    {"pglazyfreed", &v2::MemoryStat::set_pglazyfreed},
    {"thp_fault_alloc", &v2::MemoryStat::set_thp_fault_alloc},
    {"thp_collapse_alloc", &v2::MemoryStat::set_thp_collapse_alloc},
};

constexpr Field<v2::MemoryEvents> kV2MemoryEvents[] = {
    {"low", &v2::MemoryEvents::set_low},           {"high", &v2::MemoryEvents::set_high},
    {"max", &v2::MemoryEvents::set_max},           {"oom", &v2::MemoryEvents::set_oom},
    {"oom_kill", &v2::MemoryEvents::set_oom_kill},
};

constexpr Field<v2::IOEntry> kV2Io[] = {
    {"rbytes", &v2::IOEntry::set_rbytes},
    {"wbytes", &v2::IOEntry::set_wbytes},
    {"rios", &v2::IOEntry::set_rios},
    {"wios", &v2::IOEntry::set_wios},
};

void FillEntry(const CgroupV1Stats::MemoryEntry& stats, v1::MemoryEntry& entry) {
  entry.set_limit(stats.limit);
  entry.set_usage(stats.usage);
  entry.set_max(stats.max);
  entry.set_failcnt(stats.failcnt);
}

template <typename Entries>
void FillBlockIo(const std::vector<container::BlockIoEntry>& stats, Entries& entries) {
  for (const container::BlockIoEntry& stat : stats) {
    v1::BlkIOEntry& entry = *entries.Add();
    entry.set_op(stat.op);
    entry.set_device(stat.device);
    entry.set_major(stat.major);
    entry.set_minor(stat.minor);
    entry.set_value(stat.value);
  }
}

template <typename Entries>
void FillRdma(const std::vector<container::RdmaStats>& stats, Entries& entries) {
  for (const container::RdmaStats& stat : stats) {
    auto& entry = *entries.Add();
    entry.set_device(stat.device);
    entry.set_hca_handles(stat.hca_handles);
    entry.set_hca_objects(stat.hca_objects);
  }
}

v1::Metrics ToMessage(const CgroupV1Stats& stats) {
  v1::Metrics metrics;
  metrics.mutable_pids()->set_current(stats.pids.current);
  metrics.mutable_pids()->set_limit(stats.pids.limit);
  v1::CPUUsage& usage = *metrics.mutable_cpu()->mutable_usage();
  usage.set_total(stats.cpu_total_ns);
  usage.set_kernel(stats.cpu_kernel_ns);
  usage.set_user(stats.cpu_user_ns);
  for (const std::uint64_t nanoseconds : stats.per_cpu_ns) usage.add_per_cpu(nanoseconds);
  Fill(stats.cpu, kV1Throttle, *metrics.mutable_cpu()->mutable_throttling());
  v1::MemoryStat& memory = *metrics.mutable_memory();
  Fill(stats.memory, kV1Memory, memory);
  FillEntry(stats.usage, *memory.mutable_usage());
  FillEntry(stats.swap, *memory.mutable_swap());
  FillEntry(stats.kernel, *memory.mutable_kernel());
  FillEntry(stats.kernel_tcp, *memory.mutable_kernel_tcp());
  Fill(stats.oom_control, kV1OomControl, *metrics.mutable_memory_oom_control());
  v1::BlkIOStat& blkio = *metrics.mutable_blkio();
  FillBlockIo(stats.io_service_bytes, *blkio.mutable_io_service_bytes_recursive());
  FillBlockIo(stats.io_serviced, *blkio.mutable_io_serviced_recursive());
  FillBlockIo(stats.io_queued, *blkio.mutable_io_queued_recursive());
  FillBlockIo(stats.io_service_time, *blkio.mutable_io_service_time_recursive());
  FillBlockIo(stats.io_wait_time, *blkio.mutable_io_wait_time_recursive());
  FillBlockIo(stats.io_merged, *blkio.mutable_io_merged_recursive());
  FillBlockIo(stats.io_time, *blkio.mutable_io_time_recursive());
  FillBlockIo(stats.sectors, *blkio.mutable_sectors_recursive());
  for (const container::HugetlbStats& stat : stats.hugetlb) {
    v1::HugetlbStat& hugetlb = *metrics.add_hugetlb();
    hugetlb.set_pagesize(stat.page_size);
    hugetlb.set_usage(stat.usage);
    hugetlb.set_max(stat.max);
    hugetlb.set_failcnt(stat.failcnt);
  }
  FillRdma(stats.rdma_current, *metrics.mutable_rdma()->mutable_current());
  FillRdma(stats.rdma_limit, *metrics.mutable_rdma()->mutable_limit());
  return metrics;
}

void FillPressureLine(const CgroupV2Stats::Pressure& stats, v2::PSIData& data) {
  data.set_avg10(stats.avg10);
  data.set_avg60(stats.avg60);
  data.set_avg300(stats.avg300);
  data.set_total(stats.total_us);
}

// `message` has an optional member psi.
template <typename Message>
void FillPressure(const CgroupV2Stats::PressurePair& stats, Message& message) {
  if (!stats.known) return;
  FillPressureLine(stats.some, *message.mutable_psi()->mutable_some());
  FillPressureLine(stats.full, *message.mutable_psi()->mutable_full());
}

void FillMemory(const CgroupV2Stats& stats, v2::MemoryStat& memory) {
  Fill(stats.memory, kV2Memory, memory);
  // Since Linux 5.9 counted apart for anonymous memory and files.
  memory.set_workingset_refault(CountOf(stats.memory, "workingset_refault") +
                                CountOf(stats.memory, "workingset_refault_anon") +
                                CountOf(stats.memory, "workingset_refault_file"));
  memory.set_workingset_activate(CountOf(stats.memory, "workingset_activate") +
                                 CountOf(stats.memory, "workingset_activate_anon") +
                                 CountOf(stats.memory, "workingset_activate_file"));
  memory.set_usage(stats.memory_usage);
  memory.set_usage_limit(stats.memory_limit);
  memory.set_max_usage(stats.memory_peak);
  memory.set_swap_usage(stats.swap_usage);
  memory.set_swap_limit(stats.swap_limit);
  memory.set_swap_max_usage(stats.swap_peak);
  FillPressure(stats.memory_pressure, memory);
}

v2::Metrics ToMessage(const CgroupV2Stats& stats) {
  v2::Metrics metrics;
  metrics.mutable_pids()->set_current(stats.pids.current);
  metrics.mutable_pids()->set_limit(stats.pids.limit);
  Fill(stats.cpu, kV2Cpu, *metrics.mutable_cpu());
  FillPressure(stats.cpu_pressure, *metrics.mutable_cpu());
  FillMemory(stats, *metrics.mutable_memory());
  Fill(stats.memory_events, kV2MemoryEvents, *metrics.mutable_memory_events());
  FillPressure(stats.io_pressure, *metrics.mutable_io());
  for (const CgroupV2Stats::IoEntry& stat : stats.io) {
    v2::IOEntry& entry = *metrics.mutable_io()->add_usage();
    entry.set_major(stat.major);
    entry.set_minor(stat.minor);
    Fill(stat.counts, kV2Io, entry);
  }
  for (const container::HugetlbStats& stat : stats.hugetlb) {
    v2::HugeTlbStat& hugetlb = *metrics.add_hugetlb();
    hugetlb.set_pagesize(stat.page_size);
    hugetlb.set_current(stat.usage);
    hugetlb.set_max(stat.max);
  }
  FillRdma(stats.rdma_current, *metrics.mutable_rdma()->mutable_current());
  FillRdma(stats.rdma_limit, *metrics.mutable_rdma()->mutable_limit());
  return metrics;
}

template <typename Message>
shim::Opaque Packed(const Message& message) {
  return {.type_url = message.GetTypeName(), .value = message.SerializeAsString()};
}

}  // namespace

absl::StatusOr<shim::Opaque> SampleMetrics(const container::Cgroup& cgroup) {
  if (cgroup.version == container::CgroupVersion::kV1) {
    ASSIGN_OR_RETURN(const CgroupV1Stats stats, container::ReadCgroupV1Stats(cgroup));
    return Packed(ToMessage(stats));
  }
  ASSIGN_OR_RETURN(const CgroupV2Stats stats, container::ReadCgroupV2Stats(cgroup));
  return Packed(ToMessage(stats));
}

}  // namespace backends
