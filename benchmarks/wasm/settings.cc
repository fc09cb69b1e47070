// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/wasm/settings.h"

#include <absl/strings/str_cat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <utility>

namespace benchmarks::wasm {
namespace {

// Empty: fine.
std::string AddPeer(const std::string& word, std::vector<Peer>& peers) {
  Peer peer;
  if (!tasks::SplitPeer(word, peer.name, peer.path)) {
    return absl::StrCat("--peer ", word, ": expected NAME=SHIM");
  }
  peer.path = tasks::Absolute(peer.path);
  if (::access(peer.path.c_str(), X_OK) != 0) {
    return absl::StrCat("--peer ", word, ": expected NAME=SHIM, an executable");
  }
  peers.push_back(std::move(peer));
  return "";
}

}  // namespace

std::optional<Settings> ParseSettings(int argc, const char* const* argv, int& exit_code) {
  Settings settings;
  std::vector<std::string> peers;
  const tasks::RunForm form = {
      .program = "wasm_benchmark",
      .what =
          "Wasm tasks of the reference shim against a floor program, the same container without "
          "an\nengine, native programs and peers, all in one run; prints Markdown. Needs root.",
      .figures = {"life", "shapes", "phases", "parallel", "memory", "containerd"},
      .programs = {"containerd-shim-reference-v1", "shimgauge-stage", "shimgauge-wasm-compile",
                   "wasm_watched_stage", "wasm_native_stage", "wasm_floor"},
      .target = "wasm_benchmarks",
      .options =
          [&](CLI::App& app) {
            app.add_option("--peer", peers, "NAME=SHIM: another shim that runs modules; repeat");
            app.add_option("--wasmtime", settings.wasmtime,
                           "the engine's own command line, to compare with");
            app.add_flag("!--no-large", settings.large,
                         "without modules that take seconds to compile");
            app.add_option("--tasks", settings.alive, "tasks alive at once, for memory")
                ->check(CLI::Range(1, 500))
                ->capture_default_str();
          },
      .check =
          [&] {
            std::string wrong;
            for (std::size_t i = 0; i < peers.size() && wrong.empty(); ++i) {
              wrong = AddPeer(peers[i], settings.shims);
            }
            if (wrong.empty() && !settings.wasmtime.empty() &&
                ::access(settings.wasmtime.c_str(), X_OK) != 0) {
              wrong = absl::StrCat("--wasmtime ", settings.wasmtime, ": no executable");
            }
            return wrong;
          }};
  if (!tasks::ParseRun(form, argc, argv, settings, exit_code)) return std::nullopt;
  return settings;
}

}  // namespace benchmarks::wasm
