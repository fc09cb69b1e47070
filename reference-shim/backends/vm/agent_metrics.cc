// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/agent_metrics.h"

#include "agent/stats.pb.h"
#include "metrics/v1/metrics.pb.h"

namespace backends {
namespace {

namespace v1 = io::containerd::cgroups::v1;

constexpr char kType[] = "io.containerd.cgroups.v1.Metrics";

void Fill(const grpc::CpuStats& from, v1::CPUStat& to) {
  v1::CPUUsage& usage = *to.mutable_usage();
  usage.set_total(from.cpu_usage().total_usage());
  usage.set_kernel(from.cpu_usage().usage_in_kernelmode());
  usage.set_user(from.cpu_usage().usage_in_usermode());
  for (const std::uint64_t each : from.cpu_usage().percpu_usage()) usage.add_per_cpu(each);
  v1::Throttle& throttling = *to.mutable_throttling();
  throttling.set_periods(from.throttling_data().periods());
  throttling.set_throttled_periods(from.throttling_data().throttled_periods());
  throttling.set_throttled_time(from.throttling_data().throttled_time());
}

void Fill(const grpc::MemoryData& from, v1::MemoryEntry& to) {
  to.set_usage(from.usage());
  to.set_max(from.max_usage());
  to.set_failcnt(from.failcnt());
  to.set_limit(from.limit());
}

std::uint64_t CountOf(const grpc::MemoryStats& stats, const char* name) {
  const auto found = stats.stats().find(name);
  return found == stats.stats().end() ? 0 : found->second;
}

void Fill(const grpc::MemoryStats& from, v1::MemoryStat& to) {
  to.set_cache(from.cache());
  to.set_rss(CountOf(from, "rss"));
  to.set_inactive_file(CountOf(from, "inactive_file"));
  to.set_total_inactive_file(CountOf(from, "total_inactive_file"));
  to.set_hierarchical_memory_limit(CountOf(from, "hierarchical_memory_limit"));
  Fill(from.usage(), *to.mutable_usage());
  Fill(from.swap_usage(), *to.mutable_swap());
  Fill(from.kernel_usage(), *to.mutable_kernel());
}

}  // namespace

absl::StatusOr<shim::Opaque> ToMetrics(const grpc::StatsContainerResponse& stats) {
  v1::Metrics metrics;
  const grpc::CgroupStats& cgroup = stats.cgroup_stats();
  Fill(cgroup.cpu_stats(), *metrics.mutable_cpu());
  Fill(cgroup.memory_stats(), *metrics.mutable_memory());
  metrics.mutable_pids()->set_current(cgroup.pids_stats().current());
  metrics.mutable_pids()->set_limit(cgroup.pids_stats().limit());
  return shim::Opaque{.type_url = kType, .value = metrics.SerializeAsString()};
}

}  // namespace backends
