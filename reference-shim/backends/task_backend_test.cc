// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/task_backend.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <optional>

#include "base/pidfd.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "reference-shim/backends/testing/backend_world.h"
#include "reference-shim/backends/wasm/wasm_host.h"
#include "reference-shim/stage/stage_plan.h"

namespace backends {
namespace {

using ::testing::AllOf;
using testing::BackendWorld;
using testing::Container;
using ::testing::HasSubstr;

// One shim with both kinds of containers.
class TaskBackendTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    if (::access("/usr/sbin/runc", X_OK) != 0 && ::access("/usr/bin/runc", X_OK) != 0) {
      GTEST_SKIP() << "needs runc";
    }
    if (!FindCompanion(stage::kStageProgram).ok()) GTEST_SKIP() << "built without the Wasm engine";
    // Its programs are modules, as far as the world is asked.
    world_.emplace(BackendEntry{"wasm", &MakeTaskBackend});
    if (!world_->HasProgram("pause")) GTEST_SKIP() << "needs modules, which clang makes";
  }
  BackendWorld& world() { return *world_; }

  base::testing::LeakGuard leak_guard_;
  std::optional<BackendWorld> world_;
};

TEST_F(TaskBackendTest, EachContainerGetsTheBackendThatFitsItsInit) {
  Container module(world(), "module", "exit_code", {"3"});
  Container native(world(), "native", "exit_code");
  native.spec.process.args = {"/exit_code", "4"};
  for (Container* container : {&module, &native}) {
    ASSERT_TRUE(container->Create().ok());
    ASSERT_TRUE(container->Start().ok());
  }
  EXPECT_EQ(module.AwaitExit(), 3U);
  EXPECT_EQ(native.AwaitExit(), 4U);
  EXPECT_TRUE(std::filesystem::exists(module.bundle() + "/wasm.json"));
  EXPECT_FALSE(std::filesystem::exists(native.bundle() + "/wasm.json"));
}

TEST_F(TaskBackendTest, ReclaimFindsTheRightOneAfterACrash) {
  for (const char* program : {"/pause.wasm", "/pause"}) {
    Container container(world(), "c", "pause");
    container.spec.process.args = {program};
    ASSERT_TRUE(container.Create().ok());
    ASSERT_TRUE(container.Start().ok());
    const pid_t pid = container.workload().pid();
    container.Abandon();
    world().ReplaceBackend();
    testing::Answer<absl::Status> answer;
    world().backend().Reclaim(
        {.id = absl::StrCat("shimgauge-test-", ::getpid(), "-c"), .bundle = container.bundle()},
        answer.Expect());
    EXPECT_TRUE(world().Await(answer).ok()) << *answer;
    EXPECT_TRUE(world().RunUntil([pid] { return ::kill(pid, 0) != 0; })) << program;
    std::filesystem::remove_all(container.bundle());
  }
}

TEST_F(TaskBackendTest, TheFeaturesAreThoseOfBoth) {
  testing::Answer<absl::StatusOr<std::string>> answer;
  world().backend().Features(world().Options(), answer.Expect());
  const auto& features = world().Await(answer);
  ASSERT_TRUE(features.ok()) << features.status();
  EXPECT_THAT(*features, AllOf(HasSubstr("ociVersionMax"),
                               HasSubstr("\"io.shimgauge.wasm.engine\":\"wasmtime\"")));
  testing::Answer<absl::StatusOr<std::string>> without;
  world().backend().Features(world().Options("/no/such/engine"), without.Expect());
  EXPECT_EQ(world().Await(without).status().code(), absl::StatusCode::kNotFound)
      << "an engine that was chosen must be there";
}

}  // namespace
}  // namespace backends
