// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <thread>
#include <vector>

namespace fakes {

// Threads named vcpu0, vcpu1, … that do nothing: shims look for them in /proc. They take no
// signals.
class VcpuThreads {
 public:
  VcpuThreads() = default;
  ~VcpuThreads() { Resize(0); }
  VcpuThreads(const VcpuThreads&) = delete;
  VcpuThreads& operator=(const VcpuThreads&) = delete;

  // Returns once they are there, with their names, or gone.
  void Resize(unsigned count);

 private:
  std::atomic<unsigned> wanted_{0};
  std::vector<std::thread> threads_;
};

}  // namespace fakes
