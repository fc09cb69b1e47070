// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/wasm/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing/run.h"
#include "base/testing/temp_dir.h"

namespace benchmarks::wasm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    for (const char* name :
         {"containerd-shim-reference-v1", "shimgauge-stage", "shimgauge-wasm-compile",
          "wasm_watched_stage", "wasm_native_stage", "wasm_floor", "peer"}) {
      base::testing::WriteFile(temp_.File(name), "");
      std::filesystem::permissions(temp_.File(name), std::filesystem::perms::owner_all);
    }
  }

  std::optional<Settings> Parse(std::vector<std::string> words) {
    words.insert(words.begin(),
                 {"wasm_benchmark", "--bin", temp_.path(), "--fixtures", temp_.path()});
    std::vector<const char*> argv;
    for (const std::string& word : words) argv.push_back(word.c_str());
    ::testing::internal::CaptureStderr();
    auto settings = ParseSettings(static_cast<int>(argv.size()), argv.data(), exit_code_);
    said_ = ::testing::internal::GetCapturedStderr();
    return settings;
  }

  base::testing::TempDir temp_;
  int exit_code_ = -1;
  std::string said_;
};

TEST_F(SettingsTest, EverythingIsMeasuredUnlessSaid) {
  const auto all = Parse({});
  ASSERT_TRUE(all.has_value()) << said_;
  EXPECT_TRUE(all->Wants("life") && all->Wants("containerd"));
  const auto some = Parse({"--figures", "memory,shapes", "--rounds", "3"});
  ASSERT_TRUE(some.has_value()) << said_;
  EXPECT_THAT(some->figures, ElementsAre("memory", "shapes"));
  EXPECT_FALSE(some->Wants("life"));
  EXPECT_EQ(some->rounds, 3);
  EXPECT_TRUE(some->large);
  EXPECT_FALSE(Parse({"--no-large"})->large);
}

TEST_F(SettingsTest, AnUnknownFigureIsNamedBesideThoseThereAre) {
  EXPECT_FALSE(Parse({"--figures", "life,speed"}).has_value());
  EXPECT_EQ(exit_code_, 2);
  EXPECT_THAT(said_, HasSubstr("no figure \"speed\"; there are life,"));
}

TEST_F(SettingsTest, PeersAreNamesOfExecutables) {
  const auto settings = Parse({"--peer", "other=" + temp_.File("peer")});
  ASSERT_TRUE(settings.has_value()) << said_;
  ASSERT_EQ(settings->shims.size(), 1u);
  EXPECT_EQ(settings->shims[0].name, "other");
  for (const char* wrong : {"other", "=/bin/true", "other=/no/such/file"}) {
    EXPECT_FALSE(Parse({"--peer", wrong}).has_value()) << wrong;
    EXPECT_EQ(exit_code_, 2);
    EXPECT_THAT(said_, HasSubstr("expected NAME=SHIM"));
  }
}

TEST_F(SettingsTest, AMissingProgramIsNamed) {
  std::filesystem::remove(temp_.File("wasm_floor"));
  EXPECT_FALSE(Parse({}).has_value());
  EXPECT_EQ(exit_code_, 2);
  EXPECT_THAT(said_, HasSubstr("wasm_floor is not there"));
}

TEST_F(SettingsTest, RoundsAreAtLeastOne) {
  EXPECT_FALSE(Parse({"--rounds", "0"}).has_value());
  EXPECT_EQ(exit_code_, 2);
}

}  // namespace
}  // namespace benchmarks::wasm
