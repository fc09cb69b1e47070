// SPDX-License-Identifier: Apache-2.0
// shimgauge-stage without an engine: whatever the code, its guest is this very program, which
// prints a line and returns, or, as "pause", sleeps. Takes the stage's place beside a shim: what
// remains is the cost of the container and of the shim.
#include <unistd.h>

#include <memory>
#include <string>

#include "reference-shim/stage/stage.h"
#include "reference-shim/stage/wasm_engine.h"

namespace benchmarks::wasm {
namespace {

constexpr char kHello[] = "hello\n";

class NativeGuest final : public stage::WasmGuest {
 public:
  absl::Status Open(const stage::GuestWorld& world) override {
    sleeps_ = !world.args.empty() && world.args[0].find("pause") != std::string::npos;
    return absl::OkStatus();
  }
  absl::Status Instantiate() override { return absl::OkStatus(); }
  stage::GuestEnd Run() override {
    while (sleeps_) ::pause();
    if (::write(STDOUT_FILENO, kHello, sizeof kHello - 1) < 0) {
      return {.kind = stage::GuestEnd::Kind::kExited, .code = 1, .text = ""};
    }
    return {};
  }

 private:
  bool sleeps_ = false;
};

class NativeEngine final : public stage::WasmEngine {
 public:
  absl::StatusOr<std::unique_ptr<stage::WasmGuest>> Load(const std::string&,
                                                         absl::string_view) override {
    return std::make_unique<NativeGuest>();
  }
};

absl::StatusOr<std::unique_ptr<stage::WasmEngine>> MakeNativeEngine(absl::string_view) {
  return std::make_unique<NativeEngine>();
}

constexpr stage::EngineEntry kEngines[] = {
    {.name = "native", .version = "0", .make = &MakeNativeEngine}};

}  // namespace
}  // namespace benchmarks::wasm

absl::Span<const stage::EngineEntry> stage::AllEngines() { return benchmarks::wasm::kEngines; }

int main() { stage::RunStage(); }
