// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/testing/temp_dir.h"
#include "reference-shim/stage/wasm_engine.h"

namespace stage::testing {

// What a run of a guest came to.
struct GuestRun {
  std::string phase;    // how far it came: "load", "open", "instantiate" (failed there), "run"
  absl::Status status;  // of that phase
  GuestEnd end;         // of "run"
  std::string out;      // what guest and bench wrote; "[run]\n" stands before the guest's first
  std::string err;
  int threads = 0;  // of the process after the run
};

struct GuestSpec {
  std::string engine = "wasmtime";
  std::string config = "default";
  std::string entry;
  GuestWorld world{.args = {"guest"}};
  std::string input;                          // its stdin
  std::uint64_t address_space_bytes_max = 0;  // RLIMIT_AS of the process
};

// Compiles with shimgauge-wasm-compile and runs what comes of it, each in a process of its own: a
// guest owns the descriptors 0, 1, 2 of its process. Binaries that use it call RunGuestChild()
// from main() under the name "guest" (base/testing/child_main.h).
class WasmBench {
 public:
  // Path of the artefact. Failures carry the compiler's words and the code of its exit:
  // INVALID_ARGUMENT for 3, RESOURCE_EXHAUSTED for 4, INTERNAL for others.
  absl::StatusOr<std::string> Compile(absl::string_view module,
                                      const std::string& config = "default");

  // Both steps; a module that does not compile fails the running test.
  GuestRun Run(absl::string_view module, const GuestSpec& spec = {});
  GuestRun RunArtefact(const std::string& path, const GuestSpec& spec = {});

  [[nodiscard]] base::testing::TempDir& directory() { return directory_; }

 private:
  base::testing::TempDir directory_;
  int artefacts_ = 0;
};

int RunGuestChild(const std::vector<std::string>& args);

}  // namespace stage::testing
