// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/check_context_bundles.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/child_reaper.h"
#include "base/testing/leak_guard.h"
#include "base/testing/temp_dir.h"
#include "conformance/harness/check_context.h"

namespace conformance {
namespace {

using base::testing::ReadFile;
using base::testing::WriteFile;

// A world without namespaces, whose modules are two files.
class BundleStoreTest : public base::testing::ProcessTest {
 protected:
  BundleStoreTest() {
    world_.root = temp_.path();
    world_.bundles = temp_.path();
    world_.scratch = temp_.path();
    world_.fixtures = temp_.File("fixtures");
    std::filesystem::create_directories(world_.fixtures + "/wasm");
    WriteFile(world_.fixtures + "/wasm/exit_code.wasm", "exits", 0644);
    WriteFile(world_.fixtures + "/wasm/text.wat", "text", 0644);
    profile_.guest = Profile::Guest::kWasm;
    auto reaper = base::ChildReaper::Create(loop_);
    EXPECT_TRUE(reaper.ok()) << reaper.status();
    reaper_ = *std::move(reaper);
  }

  // What the first argument of a bundle for `program` is, or why there is no bundle.
  std::string FirstArgument(const std::string& program) {
    const WorkerServices services{loop_, *reaper_, [](absl::string_view) {}};
    CheckScope scope(services, world_, {}, profile_, {"TEST-01"});
    BundleStore store(scope);
    try {
      bundle_ = store.Make(Program(program), {.id = absl::StrCat("b", ++count_)}, true);
    } catch (const CheckEnded&) {
      const CheckScope::Decisions& decisions = scope.decisions();
      if (decisions.skipped) return absl::StrCat(decisions.skip.code, ": ", decisions.skip.text);
      return decisions.errors.empty() ? "ended" : decisions.errors.front().text;
    }
    const auto config = nlohmann::json::parse(ReadFile(bundle_.path + "/config.json"));
    return config["process"]["args"][0];
  }

  base::testing::TempDir temp_;
  boost::asio::io_context loop_;
  std::unique_ptr<base::ChildReaper> reaper_;
  WorldInfo world_;
  Profile profile_;
  Bundle bundle_;
  int count_ = 0;
};

TEST_F(BundleStoreTest, AProgramIsTheModuleOfItsNameInTheGuestsRoot) {
  EXPECT_EQ(FirstArgument("exit_code"), "/exit_code.wasm");
  EXPECT_EQ(ReadFile(bundle_.rootfs_source + "/exit_code.wasm"), "exits");
  EXPECT_EQ(FirstArgument("/no/such/program"), "/no/such/program");
}

TEST_F(BundleStoreTest, AModuleIsOneForGuestsOfTheRootfsToo) {
  profile_.guest = Profile::Guest::kRootfs;
  EXPECT_EQ(FirstArgument("exit_code"), "/bin/exit_code");
  EXPECT_FALSE(std::filesystem::exists(bundle_.rootfs_source + "/exit_code.wasm"));
  EXPECT_EQ(FirstArgument("exit_code.wasm#other"), "/exit_code.wasm#other");
  EXPECT_EQ(ReadFile(bundle_.rootfs_source + "/exit_code.wasm"), "exits");
  EXPECT_EQ(FirstArgument("text.wat"), "/text.wat");
  EXPECT_EQ(ReadFile(bundle_.rootfs_source + "/text.wat"), "text");
}

TEST_F(BundleStoreTest, AGuestOfTheHostHasNoPlaceForModules) {
  profile_.guest = Profile::Guest::kHost;
  EXPECT_EQ(FirstArgument("exit_code"), world_.fixtures + "/exit_code");
  const std::string reason = FirstArgument("exit_code.wasm");
  EXPECT_TRUE(absl::StartsWith(reason, "not-claimed: a guest of the host")) << reason;
}

TEST_F(BundleStoreTest, WhatNoModuleCanBeSkipsTheCheck) {
  EXPECT_EQ(FirstArgument("spawn_tree"),
            "not-claimed: no WebAssembly module can do what 'spawn_tree' does");
  std::filesystem::remove(world_.fixtures + "/wasm/exit_code.wasm");
  const std::string reason = FirstArgument("exit_code");
  EXPECT_TRUE(absl::StartsWith(reason, "host.unfit: the WebAssembly modules are not built"))
      << reason;
}

TEST_F(BundleStoreTest, AnExecsModuleJoinsItsContainer) {
  ASSERT_EQ(FirstArgument("exit_code"), "/exit_code.wasm");
  WriteFile(world_.fixtures + "/wasm/cat.wasm", "cats", 0644);
  const WorkerServices services{loop_, *reaper_, [](absl::string_view) {}};
  CheckScope scope(services, world_, {}, profile_, {"TEST-01"});
  BundleStore store(scope);
  const auto process = nlohmann::json::parse(store.ProcessJson(Program("cat", "x"), bundle_));
  EXPECT_EQ(process["args"], nlohmann::json({"/cat.wasm", "x"}));
  EXPECT_EQ(ReadFile(bundle_.rootfs_source + "/cat.wasm"), "cats");
  EXPECT_THROW(store.ProcessJson(Program("kill_self", "9"), bundle_), CheckEnded);
}

TEST_F(BundleStoreTest, AContainerJoinsAPodAsCriSaysSo) {
  ASSERT_EQ(FirstArgument("exit_code"), "/exit_code.wasm");
  const WorkerServices services{loop_, *reaper_, [](absl::string_view) {}};
  CheckScope scope(services, world_, {}, profile_, {"TEST-01"});
  BundleStore store(scope);
  const std::string path = bundle_.path + "/config.json";
  const auto before = nlohmann::json::parse(ReadFile(path));
  store.JoinPod(bundle_, "sandbox");
  auto after = nlohmann::json::parse(ReadFile(path));
  EXPECT_EQ(after["annotations"]["io.kubernetes.cri.container-type"], "container");
  EXPECT_EQ(after["annotations"]["io.kubernetes.cri.sandbox-id"], "sandbox");
  EXPECT_EQ(after["process"], before["process"]);
  // What a check says about pods, or says wrongly, stands.
  for (const char* own : {R"({"annotations":{"io.kubernetes.cri.container-type":"sandbox"}})",
                          R"({"annotations":"none"})", "{", ""}) {
    WriteFile(path, own, 0644);
    store.JoinPod(bundle_, "sandbox");
    EXPECT_EQ(ReadFile(path), own);
  }
}

}  // namespace
}  // namespace conformance
