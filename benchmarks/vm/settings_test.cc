// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/vm/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing/run.h"
#include "base/testing/temp_dir.h"

namespace benchmarks::vm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() {
    for (const char* name : {kShim, kHypervisor, kCaller, "peer"}) {
      base::testing::WriteFile(temp_.File(name), "");
      std::filesystem::permissions(temp_.File(name), std::filesystem::perms::owner_all);
    }
  }

  std::optional<Settings> Parse(std::vector<std::string> words) {
    words.insert(words.begin(),
                 {"vm_benchmark", "--bin", temp_.path(), "--fixtures", temp_.path()});
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
  EXPECT_TRUE(all->Wants("life") && all->Wants("calls") && all->Wants("memory"));
  EXPECT_EQ(all->Program(kShim), temp_.File(kShim));
  const auto some = Parse({"--figures", "memory,calls", "--rounds", "3"});
  ASSERT_TRUE(some.has_value()) << said_;
  EXPECT_THAT(some->figures, ElementsAre("memory", "calls"));
  EXPECT_FALSE(some->Wants("life"));
  EXPECT_EQ(some->rounds, 3);
}

TEST_F(SettingsTest, AnUnknownFigureIsNamedBesideThoseThereAre) {
  EXPECT_FALSE(Parse({"--figures", "life,speed"}).has_value());
  EXPECT_EQ(exit_code_, 2);
  EXPECT_THAT(said_, HasSubstr("\"speed\"; there are life,calls,memory"));
}

TEST_F(SettingsTest, APeerIsAShimWithItsConfiguration) {
  base::testing::WriteFile(temp_.File("vm.toml"), "");
  const auto settings =
      Parse({"--peer", "mine=" + temp_.File("peer") + "," + temp_.File("vm.toml")});
  ASSERT_TRUE(settings.has_value()) << said_;
  ASSERT_EQ(settings->peers.size(), 1u);
  EXPECT_EQ(settings->peers[0].name, "mine");
  EXPECT_EQ(settings->peers[0].shim, temp_.File("peer"));
  EXPECT_EQ(settings->peers[0].configuration, temp_.File("vm.toml"));
}

TEST_F(SettingsTest, AMalformedPeerIsAMistake) {
  for (const std::string& word :
       {"mine=" + temp_.File("peer"), "=" + temp_.File("peer") + ",x", std::string("peer,x")}) {
    EXPECT_FALSE(Parse({"--peer", word}).has_value()) << word;
    EXPECT_THAT(said_, HasSubstr("expected NAME=SHIM,CONFIGURATION"));
  }
  EXPECT_FALSE(Parse({"--peer", "mine=" + temp_.File("absent") + ",x"}).has_value());
  EXPECT_THAT(said_, HasSubstr("expected an executable"));
  EXPECT_FALSE(Parse({"--peer", "mine=" + temp_.File("peer") + ",/absent"}).has_value());
  EXPECT_THAT(said_, HasSubstr("expected a file"));
}

TEST_F(SettingsTest, AMissingProgramNamesItsTarget) {
  std::filesystem::remove(temp_.File(kCaller));
  EXPECT_FALSE(Parse({}).has_value());
  EXPECT_EQ(exit_code_, 2);
  EXPECT_THAT(said_, HasSubstr("vm_agent_calls is not there (target `vm_benchmarks`)"));
}

}  // namespace
}  // namespace benchmarks::vm
