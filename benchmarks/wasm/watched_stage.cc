// SPDX-License-Identifier: Apache-2.0
// shimgauge-stage with an engine that notes when its calls begin and end, and says so on stderr
// when the guest has ended. Takes the stage's place beside a shim.
#include <unistd.h>

#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "benchmarks/wasm/marks.h"
#include "reference-shim/stage/stage.h"
#include "reference-shim/stage/wasm_engine.h"
#include "reference-shim/stage/wasmtime_engine.h"

namespace benchmarks::wasm {
namespace {

// An engine is made by a function that is told nothing but the configuration.
Marks& MarksOfThisProcess() {
  static Marks marks;
  return marks;
}

template <typename Call>
auto Watch(Mark begin, Mark end, Call call) {
  MarksOfThisProcess().Set(begin);
  auto result = call();
  MarksOfThisProcess().Set(end);
  return result;
}

class WatchedGuest final : public stage::WasmGuest {
 public:
  explicit WatchedGuest(std::unique_ptr<stage::WasmGuest> guest) : guest_(std::move(guest)) {}

  absl::Status Open(const stage::GuestWorld& world) override {
    return Watch(Mark::kOpenBegin, Mark::kOpenEnd, [&] { return guest_->Open(world); });
  }
  absl::Status Instantiate() override {
    return Watch(Mark::kInstantiateBegin, Mark::kInstantiateEnd,
                 [&] { return guest_->Instantiate(); });
  }
  stage::GuestEnd Run() override {
    stage::GuestEnd end = Watch(Mark::kRunBegin, Mark::kRunEnd, [&] { return guest_->Run(); });
    const std::string line = MarksOfThisProcess().Line();
    (void)!::write(STDERR_FILENO, line.data(), line.size());
    return end;
  }

 private:
  std::unique_ptr<stage::WasmGuest> guest_;
};

class WatchedEngine final : public stage::WasmEngine {
 public:
  explicit WatchedEngine(std::unique_ptr<stage::WasmEngine> engine) : engine_(std::move(engine)) {}

  absl::StatusOr<std::unique_ptr<stage::WasmGuest>> Load(const std::string& path,
                                                         absl::string_view entry) override {
    ASSIGN_OR_RETURN(std::unique_ptr<stage::WasmGuest> guest, engine_->Load(path, entry));
    MarksOfThisProcess().Set(Mark::kLoadEnd);
    return std::make_unique<WatchedGuest>(std::move(guest));
  }

 private:
  std::unique_ptr<stage::WasmEngine> engine_;
};

absl::StatusOr<std::unique_ptr<stage::WasmEngine>> MakeWatchedEngine(absl::string_view config) {
  MarksOfThisProcess().Set(Mark::kEngineBegin);
  ASSIGN_OR_RETURN(std::unique_ptr<stage::WasmEngine> engine, stage::MakeWasmtimeEngine(config));
  MarksOfThisProcess().Set(Mark::kEngineEnd);
  return std::make_unique<WatchedEngine>(std::move(engine));
}

constexpr stage::EngineEntry kEngines[] = {
    {.name = "watched", .version = SHIMGAUGE_WASM_ENGINE_VERSION, .make = &MakeWatchedEngine}};

}  // namespace
}  // namespace benchmarks::wasm

absl::Span<const stage::EngineEntry> stage::AllEngines() { return benchmarks::wasm::kEngines; }

int main() {
  benchmarks::wasm::MarksOfThisProcess().Set(benchmarks::wasm::Mark::kMain);
  stage::RunStage();
}
