// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "benchmarks/tasks/run.h"

namespace benchmarks::wasm {

// A program of somebody else's.
struct Peer {
  std::string name;
  std::string path;
};

// What the command line says. Paths are absolute and there.
struct Settings : tasks::RunSettings {
  std::vector<Peer> shims;
  std::string wasmtime;  // the engine's own command line; empty: none
  bool large = true;     // modules too that take seconds to compile
  int alive = 20;        // tasks at once, for memory
};

// nullopt: what to say was said; the process ends with `exit_code`: 0 after --help, else 2.
std::optional<Settings> ParseSettings(int argc, const char* const* argv, int& exit_code);

}  // namespace benchmarks::wasm
