// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/guest_view.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/testing/temp_dir.h"

namespace stage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class GuestViewTest : public ::testing::Test {
 protected:
  GuestViewTest() : root_(::open(temp_.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}
  std::vector<std::string> Directories(const oci::Spec& spec) {
    const auto opened = OpenGuestDirectories(root_, spec);
    EXPECT_TRUE(opened.ok()) << opened.status();
    std::vector<std::string> names;
    for (const GuestDirectory& one : *opened) {
      names.push_back(one.guest_path + (one.writable ? " rw" : " ro"));
    }
    return names;
  }
  base::testing::TempDir temp_;
  base::UniqueFd root_;
};

TEST_F(GuestViewTest, TheRootIsAllAsLongAsItCanBeWrittenTo) {
  oci::Spec spec;
  spec.mounts = {{.destination = "/data", .type = "bind", .source = "/tmp"}};
  EXPECT_THAT(Directories(spec), ElementsAre("/ rw"));
}

TEST_F(GuestViewTest, WhatIsWritableOnAReadOnlyRootComesInAddition) {
  std::filesystem::create_directories(temp_.File("data"));
  std::filesystem::create_directories(temp_.File("fixed"));
  std::filesystem::create_directories(temp_.File("tmp"));
  std::filesystem::create_directories(temp_.File("proc"));
  std::ofstream(temp_.File("hosts")) << "x";
  oci::Spec spec;
  spec.root.readonly = true;
  spec.mounts = {{.destination = "/proc", .type = "proc"},
                 {.destination = "/data", .type = "none", .options = {"rbind"}},
                 {.destination = "/fixed", .type = "bind", .options = {"bind", "ro"}},
                 {.destination = "/hosts", .type = "bind"},
                 {.destination = "/tmp", .type = "tmpfs"}};
  EXPECT_THAT(Directories(spec), ElementsAre("/ ro", "/data rw", "/tmp rw"));
}

TEST_F(GuestViewTest, AnAbsoluteLinkIsNotFollowedOut) {
  std::filesystem::create_symlink("/usr", temp_.File("data"));
  oci::Spec spec;
  spec.root.readonly = true;
  spec.mounts = {{.destination = "/data", .type = "bind"}};
  EXPECT_TRUE(absl::IsNotFound(OpenGuestDirectories(root_, spec).status()));
}

TEST_F(GuestViewTest, FileSystemsOfProcessesAreFoundByWhatTheyAre) {
  const auto none = FindProcessFileSystems(root_);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_THAT(*none, IsEmpty());
  const base::UniqueFd top(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  EXPECT_THAT(*FindProcessFileSystems(top), ::testing::Contains("/proc"));
  const base::UniqueFd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  EXPECT_THAT(*FindProcessFileSystems(proc), ::testing::Contains("/"));
}

}  // namespace
}  // namespace stage
