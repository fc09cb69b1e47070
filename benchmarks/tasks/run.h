// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "benchmarks/tasks/place.h"

namespace CLI {
class App;
}

namespace benchmarks::tasks {

// What every benchmark of tasks is told on its command line. Paths are absolute and there.
struct RunSettings {
  std::string bin;       // directory of the programs that are measured, and of their helpers
  std::string fixtures;  // programs for containers
  std::vector<std::string> figures;
  int rounds = 40;
  std::uint64_t seed = 1;

  [[nodiscard]] bool Wants(const std::string& figure) const;
  // The path of one of the programs.
  [[nodiscard]] std::string Program(const std::string& name) const { return bin + "/" + name; }
};

// What differs between their command lines.
struct RunForm {
  std::string program;
  std::string what;                   // it does, for --help
  std::vector<std::string> figures;   // there are
  std::vector<std::string> programs;  // that must be in --bin
  std::string target;                 // of the build, which makes them
  // Adds options of its own; then, once all are read, says what is wrong with them, or nothing.
  std::function<void(CLI::App& app)> options;
  std::function<std::string()> check;
};

// False: what to say was said; the process ends with `exit_code`: 0 after --help, else 2.
bool ParseRun(const RunForm& form, int argc, const char* const* argv, RunSettings& settings,
              int& exit_code);

std::string Absolute(const std::string& path);
// Of "NAME=REST". False: it is none.
bool SplitPeer(const std::string& word, std::string& name, std::string& rest);

struct Figure {
  std::string name;
  std::function<absl::Status()> measure;
};

// Tells of the host, with `about` in the line, and measures the figures that are wanted. Where
// `entered` is an error there is nothing to measure in. The exit code of the process: 0 measured,
// 3 host unfit, 4 a side failed.
int MeasureFigures(const std::string& program, const RunSettings& settings, const Place& place,
                   const absl::Status& entered, const std::string& about,
                   const std::vector<Figure>& figures);

}  // namespace benchmarks::tasks
