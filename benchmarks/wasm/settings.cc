// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/wasm/settings.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace benchmarks::wasm {
namespace {

constexpr const char* kFigures[] = {"life", "shapes", "phases", "parallel", "memory", "containerd"};
constexpr const char* kPrograms[] = {
    "containerd-shim-reference-v1", "shimgauge-stage",   "shimgauge-wasm-compile",
    "wasm_watched_stage",           "wasm_native_stage", "wasm_floor"};
constexpr int kUsage = 2;

// Empty: fine.
std::string AddPeer(const std::string& word, std::vector<Peer>& peers) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0) {
    return absl::StrCat("--peer ", word, ": expected NAME=SHIM");
  }
  std::error_code error;
  const std::string path = std::filesystem::absolute(word.substr(equals + 1), error).string();
  if (::access(path.c_str(), X_OK) != 0) {
    return absl::StrCat("--peer ", word, ": expected NAME=SHIM, an executable");
  }
  peers.push_back({.name = word.substr(0, equals), .path = path});
  return "";
}

std::string Check(Settings& settings, const std::vector<std::string>& peers,
                  const std::string& figures) {
  std::error_code error;
  settings.bin = std::filesystem::absolute(settings.bin, error).string();
  settings.fixtures = std::filesystem::absolute(settings.fixtures, error).string();
  for (const char* program : kPrograms) {
    const std::string path = absl::StrCat(settings.bin, "/", program);
    if (::access(path.c_str(), X_OK) != 0) {
      return absl::StrCat("--bin: ", path, " is not there (target `wasm_benchmarks`)");
    }
  }
  for (const std::string& peer : peers) {
    std::string wrong = AddPeer(peer, settings.shims);
    if (!wrong.empty()) return wrong;
  }
  if (!settings.wasmtime.empty() && ::access(settings.wasmtime.c_str(), X_OK) != 0) {
    return absl::StrCat("--wasmtime ", settings.wasmtime, ": no executable");
  }
  settings.figures = absl::StrSplit(figures, ',');
  for (const std::string& figure : settings.figures) {
    if (std::find(std::begin(kFigures), std::end(kFigures), figure) == std::end(kFigures)) {
      return absl::StrCat("--figures: no figure \"", figure, "\"; there are ",
                          absl::StrJoin(kFigures, ","));
    }
  }
  return "";
}

}  // namespace

bool Settings::Wants(const std::string& figure) const {
  return std::find(figures.begin(), figures.end(), figure) != figures.end();
}

std::optional<Settings> ParseSettings(int argc, const char* const* argv, int& exit_code) {
  Settings settings;
  std::vector<std::string> peers;
  std::string figures = absl::StrJoin(kFigures, ",");
  CLI::App app(
      "Wasm tasks of the reference shim against a floor program, the same container without an\n"
      "engine, native programs and peers, all in one run; prints Markdown. Needs root.",
      "wasm_benchmark");
  app.add_option("--bin", settings.bin, "directory of the programs, as built by the dist preset")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--fixtures", settings.fixtures, "directory of the programs for containers")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--peer", peers, "NAME=SHIM: another shim that runs modules; repeat");
  app.add_option("--wasmtime", settings.wasmtime, "the engine's own command line, to compare with");
  app.add_option("--figures", figures, "comma-separated; without it all")->capture_default_str();
  app.add_flag("!--no-large", settings.large, "without modules that take seconds to compile");
  app.add_option("--rounds", settings.rounds, "samples of each side")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--tasks", settings.tasks, "tasks alive at once, for memory")
      ->check(CLI::Range(1, 500))
      ->capture_default_str();
  app.add_option("--seed", settings.seed, "order of the sides")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : kUsage;
    return std::nullopt;
  }
  const std::string wrong = Check(settings, peers, figures);
  if (wrong.empty()) return settings;
  std::fprintf(stderr, "wasm_benchmark: %s\n", wrong.c_str());
  exit_code = kUsage;
  return std::nullopt;
}

}  // namespace benchmarks::wasm
