// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/vm/settings.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace benchmarks::vm {
namespace {

constexpr const char* kFigures[] = {"life", "calls", "memory"};
constexpr int kUsage = 2;

std::string Absolute(const std::string& path) {
  std::error_code error;
  return std::filesystem::absolute(path, error).string();
}

// Empty: fine.
std::string AddPeer(const std::string& word, std::vector<Peer>& peers) {
  const std::size_t equals = word.find('=');
  const std::size_t comma = word.find(',', equals == std::string::npos ? 0 : equals);
  if (equals == std::string::npos || equals == 0 || comma == std::string::npos) {
    return absl::StrCat("--peer ", word, ": expected NAME=SHIM,CONFIGURATION");
  }
  Peer peer{.name = word.substr(0, equals),
            .shim = Absolute(word.substr(equals + 1, comma - equals - 1)),
            .configuration = Absolute(word.substr(comma + 1))};
  if (::access(peer.shim.c_str(), X_OK) != 0) {
    return absl::StrCat("--peer ", word, ": ", peer.shim, ": expected an executable");
  }
  if (::access(peer.configuration.c_str(), R_OK) != 0) {
    return absl::StrCat("--peer ", word, ": ", peer.configuration, ": expected a file");
  }
  peers.push_back(std::move(peer));
  return "";
}

std::string Check(Settings& settings, const std::vector<std::string>& peers,
                  const std::string& figures) {
  settings.bin = Absolute(settings.bin);
  settings.fixtures = Absolute(settings.fixtures);
  for (const char* program : {kShim, kHypervisor, kCaller}) {
    if (::access(settings.Program(program).c_str(), X_OK) != 0) {
      return absl::StrCat("--bin: ", settings.Program(program),
                          " is not there (target `vm_benchmarks`)");
    }
  }
  for (const std::string& peer : peers) {
    std::string wrong = AddPeer(peer, settings.peers);
    if (!wrong.empty()) return wrong;
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
      "Containers in VMs of the stand-in hypervisor by the reference shim, against a bare client\n"
      "that makes the same calls, all in one run; prints Markdown. Needs root.",
      "vm_benchmark");
  app.add_option("--bin", settings.bin, "directory of the programs, as built by the dist preset")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--fixtures", settings.fixtures, "directory of the programs for containers")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--peer", peers,
                 "NAME=SHIM,CONFIGURATION: another shim that runs VMs, and the file that points it "
                 "at the stand-in; repeat");
  app.add_option("--figures", figures, "comma-separated; without it all")->capture_default_str();
  app.add_option("--rounds", settings.rounds, "samples of each side")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--instances", settings.instances, "shims alive at once, for memory")
      ->check(CLI::Range(1, 500))
      ->capture_default_str();
  app.add_option("--calls", settings.calls, "calls to the agent in one sample")
      ->check(CLI::Range(64, 1000000))
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
  std::fprintf(stderr, "vm_benchmark: %s\n", wrong.c_str());
  exit_code = kUsage;
  return std::nullopt;
}

}  // namespace benchmarks::vm
