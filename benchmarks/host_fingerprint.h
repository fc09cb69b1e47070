// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace benchmarks {

// What of a machine decides about its figures. Figures of machines that differ in any of it are
// not comparable.
struct HostFingerprint {
  std::string cpu_model;  // as /proc/cpuinfo says
  int cpus = 0;           // that this process may run on
  std::string kernel;     // release
  std::uint64_t memory_bytes = 0;
  bool virtualised = false;    // a hypervisor is told by the CPU
  std::string cgroup_version;  // "v1", "v2" or "hybrid"
  bool operator==(const HostFingerprint&) const = default;
};

// Of this machine. What cannot be read stays empty.
HostFingerprint ReadHostFingerprint();

}  // namespace benchmarks
