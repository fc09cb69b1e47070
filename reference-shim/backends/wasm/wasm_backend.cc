// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/wasm_backend.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <utility>

#include "oci/json_text.h"
#include "reference-shim/backends/operations.h"
#include "reference-shim/backends/wasm/wasm_creation.h"
#include "reference-shim/backends/wasm/wasm_host.h"
#include "reference-shim/backends/wasm/wasm_reclaim.h"
#include "reference-shim/stage/wasm_config.h"

namespace backends {
namespace {

constexpr shim::Capabilities kCapabilities = {
    .exec = true, .terminal = true, .pause = true, .update = true, .stats = true};

// In the order of the alphabet; where one shim runs other tasks too, its own may be more.
std::string CapabilityText(const shim::Capabilities& capabilities) {
  const std::pair<bool, absl::string_view> all[] = {
      {capabilities.checkpoint, "checkpoint"}, {capabilities.exec, "exec"},
      {capabilities.pause, "pause"},           {capabilities.stats, "stats"},
      {capabilities.terminal, "terminal"},     {capabilities.update, "update"}};
  std::string text;
  for (const auto& [has, name] : all) {
    if (has) absl::StrAppend(&text, text.empty() ? "" : " ", name);
  }
  return text;
}

class WasmBackend : public shim::Backend {
 public:
  explicit WasmBackend(const shim::BackendContext& context) : host_(context) {}

  [[nodiscard]] shim::Capabilities capabilities() const override { return kCapabilities; }

  void Create(shim::CreateSpec spec, shim::Done<std::unique_ptr<shim::Workload>> done) override {
    creations_.Run(host_, std::move(spec), std::move(done));
  }

  void Reclaim(shim::ReclaimSpec spec, shim::Done<> done) override {
    reclaims_.Run(host_, std::move(spec), std::move(done));
  }

  void Features(shim::Opaque, shim::Done<std::string> done) override {
    const absl::StatusOr<std::string> stage = host_.StageProgram();
    if (!stage.ok()) return done(stage.status());
    done(absl::StrCat("{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"1.2.0\",\"annotations\":{",
                      WasmFeatureAnnotations(), "}}"));
  }

 private:
  WasmHost host_;
  Operations<WasmCreation> creations_;
  Operations<WasmReclaim> reclaims_;
};

}  // namespace

std::unique_ptr<shim::Backend> MakeWasmBackend(const shim::BackendContext& context) {
  return std::make_unique<WasmBackend>(context);
}

std::string WasmFeatureAnnotations() {
  return absl::StrCat(
      "\"io.shimgauge.wasm.engine\":", oci::JsonQuote(stage::WasmEngineName()),
      ",\"io.shimgauge.wasm.version\":", oci::JsonQuote(stage::WasmEngineVersion()),
      ",\"io.shimgauge.wasm.capabilities\":", oci::JsonQuote(CapabilityText(kCapabilities)));
}

}  // namespace backends
