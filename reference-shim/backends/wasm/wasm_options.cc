// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/wasm_options.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <utility>

namespace backends {
namespace {

constexpr absl::string_view kOurs = "io.shimgauge.wasm/";

}  // namespace

absl::StatusOr<WasmOptions> ParseWasmOptions(const oci::StringMap& annotations) {
  WasmOptions options;
  const std::pair<absl::string_view, std::uint64_t*> known[] = {
      {kMemoryAnnotation, &options.memory_bytes_max},
      {kFuelAnnotation, &options.fuel},
      {kRunAnnotation, &options.run_ms_max}};
  for (const auto& [name, value] : annotations) {
    if (!absl::StartsWith(name, kOurs)) continue;
    std::uint64_t* number = nullptr;
    for (const auto& [known_name, target] : known) {
      if (name == known_name) number = target;
    }
    if (number == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("annotations: \"", name, "\" is none of ",
                                                     kMemoryAnnotation, ", ", kFuelAnnotation, ", ",
                                                     kRunAnnotation));
    }
    if (!absl::SimpleAtoi(value, number) || *number == 0) {
      return absl::InvalidArgumentError(absl::StrCat("annotations: ", name, ": \"", value,
                                                     "\": expected a positive whole number"));
    }
  }
  return options;
}

bool DemandsWasm(const oci::StringMap& annotations) {
  const auto says = [&annotations](const char* name, absl::string_view value) {
    const auto found = annotations.find(name);
    return found != annotations.end() && found->second == value;
  };
  return says("run.oci.handler", "wasm") || says("module.wasm.image/variant", "compat");
}

}  // namespace backends
