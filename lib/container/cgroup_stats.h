// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "container/cgroup.h"

// What the kernel counted for one cgroup, in the kernel's own terms. A file that is missing leaves
// zeros: not every kernel has every controller. Limits: 0 is "none" for pids, the largest number
// for memory.
namespace container {

struct PidsStats {
  std::uint64_t current = 0;
  std::uint64_t limit = 0;
  friend bool operator==(const PidsStats&, const PidsStats&) = default;
};

struct HugetlbStats {
  std::string page_size;  // "2MB"
  std::uint64_t usage = 0;
  std::uint64_t max = 0;  // v1: most ever used; v2: limit
  std::uint64_t failcnt = 0;
  friend bool operator==(const HugetlbStats&, const HugetlbStats&) = default;
};

struct RdmaStats {
  std::string device;
  std::uint32_t hca_handles = 0;
  std::uint32_t hca_objects = 0;
  friend bool operator==(const RdmaStats&, const RdmaStats&) = default;
};

// One number of one device of a v1 blkio file.
struct BlockIoEntry {
  std::string op;  // "Read"; empty where the file has none
  std::string device;
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t value = 0;
  friend bool operator==(const BlockIoEntry&, const BlockIoEntry&) = default;
};

// Lines "key value" of a file, in its order (memory.stat).
struct NamedCount {
  std::string name;
  std::uint64_t value = 0;
  friend bool operator==(const NamedCount&, const NamedCount&) = default;
};
using NamedCounts = std::vector<NamedCount>;

// Value of `name`, 0 if absent.
std::uint64_t CountOf(const NamedCounts& counts, absl::string_view name);

struct CgroupV1Stats {
  struct MemoryEntry {
    std::uint64_t limit = 0;
    std::uint64_t usage = 0;
    std::uint64_t max = 0;
    std::uint64_t failcnt = 0;
    friend bool operator==(const MemoryEntry&, const MemoryEntry&) = default;
  };
  PidsStats pids;
  std::uint64_t cpu_total_ns = 0;
  std::uint64_t cpu_kernel_ns = 0;
  std::uint64_t cpu_user_ns = 0;
  std::vector<std::uint64_t> per_cpu_ns;
  NamedCounts cpu;     // cpu.stat
  NamedCounts memory;  // memory.stat
  MemoryEntry usage, swap, kernel, kernel_tcp;
  NamedCounts oom_control;  // memory.oom_control
  std::vector<BlockIoEntry> io_service_bytes, io_serviced, io_queued, io_service_time, io_wait_time,
      io_merged, io_time, sectors;
  std::vector<HugetlbStats> hugetlb;
  std::vector<RdmaStats> rdma_current, rdma_limit;
};

struct CgroupV2Stats {
  struct Pressure {  // of one line "some" or "full"
    double avg10 = 0;
    double avg60 = 0;
    double avg300 = 0;
    std::uint64_t total_us = 0;
    friend bool operator==(const Pressure&, const Pressure&) = default;
  };
  struct PressurePair {
    bool known = false;
    Pressure some, full;
    friend bool operator==(const PressurePair&, const PressurePair&) = default;
  };
  struct IoEntry {
    std::uint64_t major = 0;
    std::uint64_t minor = 0;
    NamedCounts counts;  // rbytes, wbytes, rios, wios, ...
    friend bool operator==(const IoEntry&, const IoEntry&) = default;
  };
  PidsStats pids;
  NamedCounts cpu;            // cpu.stat
  NamedCounts memory;         // memory.stat
  NamedCounts memory_events;  // memory.events
  std::uint64_t memory_usage = 0;
  std::uint64_t memory_limit = 0;
  std::uint64_t memory_peak = 0;
  std::uint64_t swap_usage = 0;
  std::uint64_t swap_limit = 0;
  std::uint64_t swap_peak = 0;
  std::vector<IoEntry> io;
  PressurePair cpu_pressure, memory_pressure, io_pressure;
  std::vector<HugetlbStats> hugetlb;
  std::vector<RdmaStats> rdma_current, rdma_limit;
};

// NOT_FOUND if the cgroup is gone.
absl::StatusOr<CgroupV1Stats> ReadCgroupV1Stats(const Cgroup& cgroup);
absl::StatusOr<CgroupV2Stats> ReadCgroupV2Stats(const Cgroup& cgroup);

}  // namespace container
