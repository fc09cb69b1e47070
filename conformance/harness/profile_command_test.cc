// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/profile_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/testing/temp_dir.h"
#include "conformance/harness/profile.h"

namespace conformance {
namespace {

using base::testing::ReadFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ProfileCommandTest : public ::testing::Test {
 protected:
  std::string File(const std::string& name, unsigned mode = 0644) {
    base::testing::WriteFile(temp_.File(name), "x", mode);
    return temp_.File(name);
  }
  ProfileCommandOptions Options(const std::string& name) {
    ProfileCommandOptions options;
    options.name = name;
    options.directory = temp_.path();
    return options;
  }
  static std::string ErrorOf(const ProfileCommandOptions& options) {
    const absl::StatusOr<std::string> told = WriteProfile(options);
    EXPECT_TRUE(absl::IsInvalidArgument(told.status())) << told.status();
    return std::string(told.status().message());
  }
  [[nodiscard]] std::size_t Entries() const {
    const std::filesystem::directory_iterator entries(temp_.path());
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }

  base::testing::TempDir temp_;
};

TEST_F(ProfileCommandTest, WritesWhatJudgeAndShimRead) {
  ProfileCommandOptions options = Options("kata-go-clh");
  options.paths = {.shim = File("shim", 0755),
                   .hypervisor = File("vmm", 0755),
                   .kernel = File("kernel"),
                   .image = File("image")};
  const absl::StatusOr<std::string> told = WriteProfile(options);
  ASSERT_TRUE(told.ok()) << told.status();
  const std::string file = temp_.File("kata-go-clh.toml");
  const std::string configuration = temp_.File("configuration-kata-go-clh.toml");
  EXPECT_THAT(*told, AllOf(HasSubstr("run --profile " + file),
                           HasSubstr("--runtime-config-path " + configuration)));
  const absl::StatusOr<Profile> profile = ReadProfile(file);
  ASSERT_TRUE(profile.ok()) << profile.status();
  EXPECT_EQ(profile->shim_path, options.paths.shim);
  EXPECT_EQ(profile->hypervisor, options.paths.hypervisor);
  EXPECT_EQ(profile->claims, ReadProfile("kata-go-clh")->claims);
  EXPECT_THAT(profile->vm_config, HasSubstr("kernel = \"" + options.paths.kernel + "\"\n"));
  EXPECT_THAT(ReadFile(configuration),
              AllOf(HasSubstr("path = \"" + options.paths.hypervisor + "\"\n"),
                    HasSubstr("kernel = \"" + options.paths.kernel + "\"\n"),
                    HasSubstr("image = \"" + options.paths.image + "\"\n"),
                    HasSubstr("[runtime]\n"), Not(HasSubstr("${"))));
}

TEST_F(ProfileCommandTest, EveryProfileCanBeWritten) {
  for (const std::string& name : ReadyMadeNamesOf(ReadyMade::kProfile)) {
    ProfileCommandOptions options = Options(name);
    options.paths.shim = File("shim", 0755);
    const bool drives = !ReadProfile(name)->hypervisor.empty();
    if (drives) options.paths.hypervisor = File("vmm", 0755);
    EXPECT_TRUE(WriteProfile(options).ok()) << name;
    EXPECT_EQ(ReadProfile(temp_.File(name + ".toml"))->shim_path, options.paths.shim) << name;
    EXPECT_EQ(std::filesystem::exists(temp_.File("configuration-" + name + ".toml")), drives);
  }
}

TEST_F(ProfileCommandTest, BadInputIsNamedAndLeavesNothing) {
  ProfileCommandOptions options = Options("kata-go-clh");
  options.paths.hypervisor = temp_.File("absent");
  EXPECT_EQ(ErrorOf(options), "--hypervisor " + temp_.File("absent") + ": no such file");
  options.paths.hypervisor = temp_.path();
  EXPECT_THAT(ErrorOf(options), HasSubstr("no program that can be executed"));
  options.paths.hypervisor = File("vmm", 0755);
  options.paths.image = "/dev/null";
  EXPECT_EQ(ErrorOf(options), "--image /dev/null: no file that can be read");
  options.paths.image = File("odd\"name");
  EXPECT_THAT(ErrorOf(options), HasSubstr("--image: a path with quotes"));
  options.paths.image.clear();
  options.directory = temp_.File("vmm");
  EXPECT_THAT(ErrorOf(options), HasSubstr("vmm: no such directory"));
  options.directory = temp_.path();
  options.name = "kata-go-cl";
  EXPECT_THAT(ErrorOf(options), AllOf(HasSubstr("kata-go-cl:"), HasSubstr("there are: ")));
  options.name = "runc-v2-1.7";
  EXPECT_EQ(ErrorOf(options), "--hypervisor: shims of runc-v2-1.7 drive no hypervisor");
  EXPECT_EQ(Entries(), 2U);  // those made here
}

TEST_F(ProfileCommandTest, WhatIsThereStaysUnlessForced) {
  ProfileCommandOptions options = Options("kata-go-clh");
  options.paths.hypervisor = File("vmm", 0755);
  const std::string configuration = File("configuration-kata-go-clh.toml");
  EXPECT_THAT(ErrorOf(options), HasSubstr("configuration-kata-go-clh.toml exists already"));
  EXPECT_EQ(ReadFile(configuration), "x");
  EXPECT_FALSE(std::filesystem::exists(temp_.File("kata-go-clh.toml")));
  options.force = true;
  EXPECT_TRUE(WriteProfile(options).ok());
  EXPECT_THAT(ReadFile(configuration), HasSubstr("[hypervisor.clh]"));
}

}  // namespace
}  // namespace conformance
