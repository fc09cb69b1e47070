// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/stage_plan.h"

#include <gtest/gtest.h>

namespace stage {
namespace {

StagePlan FullPlan() {
  return {.id = "c1",
          .bundle = "/run/\"b\"",
          .cgroup = {.version = container::CgroupVersion::kV1,
                     .controllers = {{"memory", "/m/c1"}, {"name=systemd", "/s"}},
                     .unified = "/u"},
          .config = "smallres",
          .entry = "f",
          .memory_bytes_max = ~std::uint64_t{0},
          .fuel = 7,
          .run_ms_max = 8,
          .no_pivot = true,
          .new_keyring = false,
          .process_json = R"({"args":["/x.wasm"]})",
          .container_pid = 4711};
}

TEST(StagePlan, ReadsWhatItWrites) {
  const auto full = ParseStagePlan(WriteStagePlan(FullPlan()));
  ASSERT_TRUE(full.ok()) << full.status();
  EXPECT_EQ(*full, FullPlan());
  const StagePlan least{
      .id = "c", .bundle = "/b", .cgroup = {}, .config = "", .entry = "", .process_json = ""};
  const auto parsed = ParseStagePlan(WriteStagePlan(least));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, least);
}

TEST(StagePlan, AnythingElseIsRefused) {
  for (const char* text :
       {"", "{}", "[]", R"({"id":"c"})", R"({"id":"c","bundle":"relative"})",
        R"({"id":"c","bundle":"/b","cgroup":{"version":3}})",
        R"({"id":"c","bundle":"/b","containerPid":-1})", R"({"id":"c","bundle":"/b"} {})"}) {
    EXPECT_EQ(ParseStagePlan(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(StagePlan, OnlyHooksThatTheShimRunsAreWaitedFor) {
  oci::Spec spec;
  const std::vector<oci::Hook> one = {{.path = "/bin/true", .args = {}, .env = {}, .timeout = {}}};
  spec.hooks.create_container = one;
  spec.hooks.start_container = one;
  spec.hooks.poststart = one;
  EXPECT_FALSE(PausesWhenMounted(spec));
  spec.hooks.prestart = one;
  EXPECT_TRUE(PausesWhenMounted(spec));
  spec.hooks.prestart.clear();
  spec.hooks.create_runtime = one;
  EXPECT_TRUE(PausesWhenMounted(spec));
}

}  // namespace
}  // namespace stage
