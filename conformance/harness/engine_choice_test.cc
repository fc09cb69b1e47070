// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/engine_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing/temp_dir.h"

namespace conformance {
namespace {

using ::testing::HasSubstr;

class EngineChoiceTest : public ::testing::Test {
 protected:
  // An engine that is installed, by its path.
  std::string Program(const std::string& name, int mode = 0755) {
    base::testing::WriteFile(temp_.File(name), "#!/bin/sh\n", mode);
    return std::filesystem::canonical(temp_.File(name)).string();
  }
  static Profile Drives(const std::string& engine) {
    Profile profile;
    profile.engine = engine;
    return profile;
  }
  base::testing::TempDir temp_;
};

TEST_F(EngineChoiceTest, AShimWithoutEngineGetsNone) {
  EXPECT_EQ(ChooseEngine("", Drives(""))->kind, EngineChoice::Kind::kNone);
  for (const char* option : {"fake", "real", "/bin/sh"}) {
    EXPECT_EQ(ChooseEngine(option, Drives("")).status().code(), absl::StatusCode::kInvalidArgument)
        << option;
  }
}

TEST_F(EngineChoiceTest, AnEngineNamedByItsPathIsTakenByDefault) {
  const std::string engine = Program("acme");
  const absl::StatusOr<EngineChoice> choice = ChooseEngine("", Drives(engine));
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_EQ(choice->kind, EngineChoice::Kind::kReal);
  EXPECT_EQ(choice->path, engine);
  EXPECT_EQ(choice->name, "");
}

TEST_F(EngineChoiceTest, ARealEngineMustBeInstalledToBeRun) {
  const Profile profile = Drives("no-such-engine");
  const absl::StatusOr<EngineChoice> choice = ChooseEngine("real", profile);
  ASSERT_TRUE(choice.ok()) << choice.status();
  const absl::Status status = CheckInstalled(*choice, profile);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no-such-engine is not installed"));
  EXPECT_EQ(CheckInstalled(*ChooseEngine("real", Drives(Program("acme"))), profile),
            absl::OkStatus());
  EXPECT_EQ(CheckInstalled(*ChooseEngine("", Drives("")), profile), absl::OkStatus());
}

TEST_F(EngineChoiceTest, AGivenEngineIsFoundUnderTheUsualName) {
  const std::string engine = Program("other");
  const absl::StatusOr<EngineChoice> choice = ChooseEngine(engine, Drives("runc"));
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_EQ(choice->kind, EngineChoice::Kind::kGiven);
  EXPECT_EQ(choice->path, engine);
  EXPECT_EQ(choice->name, "runc");
}

TEST_F(EngineChoiceTest, WhatCannotBeExecutedIsNoEngine) {
  Program("data", 0644);
  for (const std::string& path : {temp_.File("data"), temp_.File("absent"), temp_.path()}) {
    EXPECT_EQ(ChooseEngine(path, Drives("runc")).status().code(),
              absl::StatusCode::kInvalidArgument)
        << path;
  }
  EXPECT_EQ(ChooseEngine("faked", Drives("runc")).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace conformance
