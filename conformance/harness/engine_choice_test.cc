// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/engine_choice.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/auxv.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/testing/run.h"
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
  // The stand-in beside this program, whether it is there or not.
  static std::string StandIn() {
    return std::filesystem::read_symlink("/proc/self/exe").replace_filename(kFakeEngineName);
  }
  // Runs the present case in a process that has a stand-in beside it: one started by a copy of the
  // dynamic loader has that copy for its executable.
  void RunBesideAStandIn() {
    Dl_info loader{};
    ASSERT_NE(::dladdr(reinterpret_cast<void*>(::getauxval(AT_BASE)), &loader), 0);
    const std::string judge = temp_.File("judge");
    std::filesystem::copy_file(loader.dli_fname, judge);
    Program(kFakeEngineName);
    const std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    const absl::StatusOr<base::testing::RunResult> run =
        base::testing::RunToExit(judge, {std::filesystem::canonical("/proc/self/exe").string(),
                                         "--gtest_filter=EngineChoiceTest." + name});
    ASSERT_TRUE(run.ok()) << run.status();
    EXPECT_THAT(run->out, HasSubstr("OK ] EngineChoiceTest." + name)) << run->err;
    EXPECT_EQ(run->status.ShellStatus(), 0u);
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
}

TEST_F(EngineChoiceTest, NoEngineNeedsNotBeInstalled) {
  const char* const before = std::getenv("PATH");
  const std::string path = before != nullptr ? before : "";
  ASSERT_EQ(::setenv("PATH", temp_.File("absent").c_str(), 1), 0);
  EXPECT_EQ(CheckInstalled(*ChooseEngine("", Drives("")), Drives("")), absl::OkStatus());
  ASSERT_EQ(before != nullptr ? ::setenv("PATH", path.c_str(), 1) : ::unsetenv("PATH"), 0);
}

TEST_F(EngineChoiceTest, WhatIsNotBuiltIsNotTakenByDefault) {
  ASSERT_FALSE(std::filesystem::exists(StandIn()));
  const absl::StatusOr<EngineChoice> choice = ChooseEngine("", Drives("runc"));
  ASSERT_TRUE(choice.ok()) << choice.status();
  EXPECT_EQ(choice->kind, EngineChoice::Kind::kReal);
  EXPECT_EQ(choice->path, "runc");
  const absl::Status status = ChooseEngine("fake", Drives("runc")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("shimgauge-engine is not built"));
}

TEST_F(EngineChoiceTest, TheStandInBesideTheJudgeIsTakenUnlessTheProfileForbidsIt) {
  if (!std::filesystem::exists(StandIn())) return RunBesideAStandIn();
  const std::string stand_in = std::filesystem::canonical(StandIn()).string();
  Profile forbids = Drives("runc");
  forbids.fake_ok = false;
  const std::vector<std::pair<std::string, Profile>> taken = {{"", Drives("runc")},
                                                              {"fake", Drives("runc")},
                                                              {"fake", forbids},
                                                              {"fake", Drives("/usr/bin/runc")}};
  for (const auto& [option, profile] : taken) {
    const absl::StatusOr<EngineChoice> choice = ChooseEngine(option, profile);
    ASSERT_TRUE(choice.ok()) << choice.status();
    EXPECT_EQ(choice->kind, EngineChoice::Kind::kFake) << option;
    EXPECT_EQ(choice->path, stand_in);
    EXPECT_EQ(choice->name, "runc");
  }
  EXPECT_EQ(ChooseEngine("real", Drives("runc"))->kind, EngineChoice::Kind::kReal);
  EXPECT_EQ(ChooseEngine("", forbids)->kind, EngineChoice::Kind::kReal);
  EXPECT_EQ(ChooseEngine("", Drives("/usr/bin/runc"))->kind, EngineChoice::Kind::kReal);
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
