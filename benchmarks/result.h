// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "benchmarks/host_fingerprint.h"
#include "benchmarks/metric.h"

namespace benchmarks {

// What is held constant within one run besides the host.
struct Configuration {
  std::string engine;   // "fake", or "real: " and the engine's version line
  std::string guest;    // the program that runs in the containers
  int rounds = 0;       // blocks per side that were planned
  bool pinned = false;  // driver and shims were bound to fixed CPUs
  bool operator==(const Configuration&) const = default;
};

// One visit to one side: a new process tree, warmed up, then `samples`.
struct Block {
  std::vector<double> samples;  // in the metric's unit, in the order taken; never empty
  bool disturbed = false;       // the hypervisor took CPU time from the machine meanwhile
  bool operator==(const Block&) const = default;
};

// Values over cycles, of which a slope is told.
struct Series {
  std::vector<double> x;
  std::vector<double> y;  // as many as `x`
  bool operator==(const Series&) const = default;
};

// All that was measured of one shim.
struct Side {
  std::string name;
  std::string path;
  std::string sha256;   // of the binary, hex
  std::string version;  // what `-v` prints, one line; empty where it prints nothing
  // By metric. Block i of one side was taken next to block i of every other side.
  std::map<std::string, std::vector<Block>> blocks;
  std::map<std::string, Series> series;     // "growth": KiB over cycles
  std::map<std::string, std::string> gaps;  // metric -> why it was not measured
  bool operator==(const Side&) const = default;
};

// One run of `bench run` or `bench compare`.
struct BenchResult {
  int schema = 1;
  bool complete = true;  // false: interrupted; what is there was measured all the same
  HostFingerprint host;
  Configuration configuration;
  // A call by this driver to a server that does nothing, in ms: no shim's doing.
  double driver_call_ms = 0;
  std::uint64_t seed = 0;   // of the order of blocks and of every bootstrap
  std::vector<Side> sides;  // of `compare`: old, new
  bool operator==(const BenchResult&) const = default;
};

}  // namespace benchmarks
