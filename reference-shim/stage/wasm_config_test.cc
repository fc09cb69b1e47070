// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/wasm_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace stage {
namespace {

using ::testing::HasSubstr;

TEST(WasmConfigTest, EachIsFoundByNameAndByQualities) {
  std::set<std::string> names;
  for (const WasmConfig& config : AllWasmConfigs()) {
    EXPECT_TRUE(names.insert(config.name).second) << config.name;
    const auto found = FindWasmConfig(config.name);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->name, config.name);
    EXPECT_EQ(WasmConfigFor(config.small_reservation, config.fuel).name, config.name);
  }
  EXPECT_EQ(WasmConfigFor(false, false).name, std::string(kDefaultWasmConfig));
  EXPECT_EQ(names.size(), 4U);
}

TEST(WasmConfigTest, UnknownNamesGetTheListOfKnownOnes) {
  const auto found = FindWasmConfig("turbo");
  EXPECT_EQ(found.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(found.status().message(), HasSubstr("\"turbo\""));
  EXPECT_THAT(found.status().message(), HasSubstr("default, smallres, fuel, smallres-fuel"));
}

}  // namespace
}  // namespace stage
