// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace benchmarks::wasm {

// A program of somebody else's.
struct Peer {
  std::string name;
  std::string path;
};

// What the command line says. Paths are absolute and there.
struct Settings {
  std::string bin;       // directory of the shim, the stage, the compiler and the helpers of this
  std::string fixtures;  // programs and modules for containers
  std::vector<Peer> shims;
  std::string wasmtime;  // the engine's own command line; empty: none
  std::vector<std::string> figures;
  bool large = true;  // modules too that take seconds to compile
  int rounds = 40;
  int tasks = 20;  // alive at once for memory
  std::uint64_t seed = 1;

  [[nodiscard]] bool Wants(const std::string& figure) const;
};

// nullopt: what to say was said; the process ends with `exit_code`: 0 after --help, else 2.
std::optional<Settings> ParseSettings(int argc, const char* const* argv, int& exit_code);

}  // namespace benchmarks::wasm
