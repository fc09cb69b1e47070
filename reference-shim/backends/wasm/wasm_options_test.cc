// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/wasm/wasm_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace backends {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(WasmOptions, LimitsAreReadAndTheAnnotationsOfOthersPassedOver) {
  const auto options = ParseWasmOptions({{kMemoryAnnotation, "1048576"},
                                         {kFuelAnnotation, "5000"},
                                         {kRunAnnotation, "250"},
                                         {"io.kubernetes.cri.sandbox-id", "s"}});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(*options, (WasmOptions{.memory_bytes_max = 1048576, .fuel = 5000, .run_ms_max = 250}));
  EXPECT_EQ(*ParseWasmOptions({}), WasmOptions());
}

TEST(WasmOptions, AMistakeIsNamed) {
  for (const char* value : {"", "0", "-1", "64Mi", "18446744073709551616"}) {
    const auto options = ParseWasmOptions({{kMemoryAnnotation, value}});
    EXPECT_EQ(options.status().code(), absl::StatusCode::kInvalidArgument) << value;
    EXPECT_THAT(std::string(options.status().message()),
                AllOf(HasSubstr(kMemoryAnnotation), HasSubstr("positive whole number")));
  }
  const auto unknown = ParseWasmOptions({{"io.shimgauge.wasm/memory", "1"}});
  EXPECT_THAT(std::string(unknown.status().message()),
              AllOf(HasSubstr("io.shimgauge.wasm/memory\""), HasSubstr(kMemoryAnnotation)));
}

TEST(WasmOptions, OtherRuntimesWaysToDemandWasmAreKnown) {
  EXPECT_TRUE(DemandsWasm({{"run.oci.handler", "wasm"}}));
  EXPECT_TRUE(DemandsWasm({{"module.wasm.image/variant", "compat"}}));
  EXPECT_FALSE(DemandsWasm({{"module.wasm.image/variant", "compat-smart"}}));
  EXPECT_FALSE(DemandsWasm({{"run.oci.handler", "krun"}}));
  EXPECT_FALSE(DemandsWasm({}));
}

}  // namespace
}  // namespace backends
