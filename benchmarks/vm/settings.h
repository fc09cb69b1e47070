// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace benchmarks::vm {

// A shim of somebody else's, and the file that points it at the stand-in.
struct Peer {
  std::string name;
  std::string shim;
  std::string configuration;
};

// What the command line says. Paths are absolute and there.
struct Settings {
  std::string bin;       // directory of the shim, the stand-in and the helpers of this
  std::string fixtures;  // programs for containers
  std::vector<Peer> peers;
  std::vector<std::string> figures;
  int rounds = 40;
  int instances = 20;  // shims alive at once, for memory
  int calls = 4000;    // to the agent, in one sample
  std::uint64_t seed = 1;

  [[nodiscard]] bool Wants(const std::string& figure) const;
  // The path of one of the programs.
  [[nodiscard]] std::string Program(const std::string& name) const { return bin + "/" + name; }
};

inline constexpr char kShim[] = "containerd-shim-reference-v1";
inline constexpr char kHypervisor[] = "shimgauge-hypervisor";
inline constexpr char kCaller[] = "vm_agent_calls";

// nullopt: what to say was said; the process ends with `exit_code`: 0 after --help, else 2.
std::optional<Settings> ParseSettings(int argc, const char* const* argv, int& exit_code);

}  // namespace benchmarks::vm
