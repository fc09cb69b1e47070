// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <vector>

namespace benchmarks::wasm {

// How the modules of the fixtures that are large end.
inline constexpr unsigned kLargeExitCode = 9;

// A module as the tables name it.
struct Shape {
  std::string name;               // "small memory"
  std::string file;               // "small-memory.wat": what a task calls it
  std::vector<std::string> args;  // its own, behind the file
  std::string fixture;            // file below fixtures/wasm; empty: `text`
  std::string text;               // in the text format
  bool large = false;             // compiles for seconds, and ends with kLargeExitCode
};

// empty, small memory, data segments, hello, 1 MiB, 20 MiB.
const std::vector<Shape>& AllShapes();
// The one that the goals are about: a C program that prints its arguments.
const Shape& HelloShape();

// Its bytes. `fixtures`: the directory with wasm/ in it. NOT_FOUND names the fixture that is
// missing.
absl::StatusOr<std::string> ModuleOf(const Shape& shape, const std::string& fixtures);

// A module that sleeps until it is ended.
inline constexpr char kPauseModule[] = "pause.wasm";

// Writes the file of every shape, and kPauseModule, into `directory`.
absl::Status WriteModules(const std::string& fixtures, const std::string& directory);

}  // namespace benchmarks::wasm
