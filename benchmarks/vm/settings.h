// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "benchmarks/tasks/run.h"

namespace benchmarks::vm {

// A shim of somebody else's, and the file that points it at the stand-in.
struct Peer {
  std::string name;
  std::string shim;
  std::string configuration;
};

// What the command line says. Paths are absolute and there.
struct Settings : tasks::RunSettings {
  std::vector<Peer> peers;
  int instances = 20;  // shims alive at once, for memory
  int calls = 4000;    // to the agent, in one sample
};

inline constexpr char kShim[] = "containerd-shim-reference-v1";
inline constexpr char kHypervisor[] = "shimgauge-hypervisor";
inline constexpr char kCaller[] = "vm_agent_calls";

// nullopt: what to say was said; the process ends with `exit_code`: 0 after --help, else 2.
std::optional<Settings> ParseSettings(int argc, const char* const* argv, int& exit_code);

}  // namespace benchmarks::vm
