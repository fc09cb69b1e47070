// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "conformance/harness/check_context.h"
#include "conformance/harness/trend.h"

namespace conformance {

// The growth per cycle below which a trend is no leak. Counts rise by whole ones, so that a slope
// that is there at all is seen over enough cycles; the fewer cycles, the larger what is tolerated.
struct LeakTolerance {
  double count = 0.05;     // of descriptors, threads, files, ...: one in twenty cycles
  double memory_kib = -1;  // negative: memory is not judged
};

// What a shim holds, measured again and again while it works: descriptors, ptys and threads of the
// daemon, its zombies and its memory, mounts, cgroups, and the files of one bundle and of the
// directories for temporary files and sockets.
class LeakMeter {
 public:
  // Measures `shim`'s daemon; `bundle` is that of a container that stays.
  LeakMeter(CheckContext& check, ShimUnderTest& shim, std::string bundle);

  // Takes one measurement after `cycles` cycles. Waits a moment for what the daemon is just about
  // to give back.
  void Measure(std::size_t cycles);

  // Each quantity's slope over the measurements is zero; `unit` names a cycle ("exec").
  void ExpectNoSlope(const std::string& unit, const LeakTolerance& tolerance);

 private:
  struct Series {
    const char* name;
    const char* code;  // of a leak
    bool memory = false;
    std::vector<TrendPoint> points;
  };
  std::vector<double> Counts();
  double MemoryKib();

  CheckContext& check_;
  const pid_t daemon_;
  const std::string bundle_;
  std::vector<Series> series_;
};

}  // namespace conformance
