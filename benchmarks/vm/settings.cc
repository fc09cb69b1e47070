// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/vm/settings.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <utility>

namespace benchmarks::vm {
namespace {

// Empty: fine.
std::string AddPeer(const std::string& word, std::vector<Peer>& peers) {
  Peer peer;
  std::string rest;
  const bool named = tasks::SplitPeer(word, peer.name, rest);
  const std::size_t comma = rest.find(',');
  if (!named || comma == std::string::npos) {
    return absl::StrCat("--peer ", word, ": expected NAME=SHIM,CONFIGURATION");
  }
  peer.shim = tasks::Absolute(rest.substr(0, comma));
  peer.configuration = tasks::Absolute(rest.substr(comma + 1));
  if (::access(peer.shim.c_str(), X_OK) != 0) {
    return absl::StrCat("--peer ", word, ": ", peer.shim, ": expected an executable");
  }
  if (::access(peer.configuration.c_str(), R_OK) != 0) {
    return absl::StrCat("--peer ", word, ": ", peer.configuration, ": expected a file");
  }
  peers.push_back(std::move(peer));
  return "";
}

}  // namespace

std::optional<Settings> ParseSettings(int argc, const char* const* argv, int& exit_code) {
  Settings settings;
  std::vector<std::string> peers;
  const tasks::RunForm form = {
      .program = "vm_benchmark",
      .what =
          "Containers in VMs of the stand-in hypervisor by the reference shim, against a bare "
          "client\nthat makes the same calls, all in one run; prints Markdown. Needs root.",
      .figures = {"life", "calls", "memory"},
      .programs = {kShim, kHypervisor, kCaller},
      .target = "vm_benchmarks",
      .options =
          [&](CLI::App& app) {
            app.add_option("--peer", peers,
                           "NAME=SHIM,CONFIGURATION: another shim that runs VMs, and the file that "
                           "points it at the stand-in; repeat");
            app.add_option("--instances", settings.instances, "shims alive at once, for memory")
                ->check(CLI::Range(1, 500))
                ->capture_default_str();
            app.add_option("--calls", settings.calls, "calls to the agent in one sample")
                ->check(CLI::Range(64, 1000000))
                ->capture_default_str();
          },
      .check =
          [&] {
            std::string wrong;
            for (std::size_t i = 0; i < peers.size() && wrong.empty(); ++i) {
              wrong = AddPeer(peers[i], settings.peers);
            }
            return wrong;
          }};
  if (!tasks::ParseRun(form, argc, argv, settings, exit_code)) return std::nullopt;
  return settings;
}

}  // namespace benchmarks::vm
