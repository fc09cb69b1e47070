// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/guest_disks.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <filesystem>

#include "base/loop_device.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "fakes/guest_agent/testing/guest_world.h"

namespace fakes {
namespace {

using ::testing::HasSubstr;

constexpr char kMkfs[] = "/sbin/mke2fs";
constexpr char kPlace[] = "0000:00:07.0";

// An image of a file system with the one file "hello".
class GuestDisksTest : public testing::GuestTest {
 protected:
  void SetUp() override {
    GuestTest::SetUp();
    if (IsSkipped()) return;
    if (::access(kMkfs, X_OK) != 0) GTEST_SKIP() << "needs " << kMkfs;
    if (::access("/dev/loop-control", W_OK) != 0) GTEST_SKIP() << "needs loop devices";
    std::filesystem::create_directory(temp_.File("tree"));
    base::testing::WriteFile(temp_.File("tree") + "/hello", "from the disk\n");
    image_ = temp_.File("image");
    const auto made = base::testing::RunToExit(
        kMkfs, {"-q", "-t", "ext4", "-d", temp_.File("tree"), image_, "4M"});
    ASSERT_TRUE(made.ok() && made->status.ShellStatus() == 0) << made->err;
  }

  // A container that sees the disk at /data.
  grpc::CreateContainerRequest WithDisk(const std::string& script, const std::string& pci_path) {
    grpc::CreateContainerRequest request = Container("c", {"/bin/sh", "-c", script});
    grpc::Storage& storage = *request.add_storages();
    storage.set_driver("blk");
    storage.set_source(pci_path);
    storage.set_fstype("ext4");
    storage.set_mount_point("/run/kata-containers/sandbox/storage/0");
    grpc::Mount& mount = *request.mutable_oci()->add_mounts();
    mount.set_destination("/data");
    mount.set_type("bind");
    mount.set_source("/run/kata-containers/sandbox/storage/0");
    mount.add_options("bind");
    return request;
  }

  std::string image_;
};

TEST_F(GuestDisksTest, AContainerHasTheFilesOfItsDisk) {
  BootSandbox();
  agent_->AddDisk(kPlace, {.path = image_});
  ASSERT_EQ(Create(WithDisk("cat /data/hello; echo more > /data/new", "07")), absl::OkStatus());
  ASSERT_EQ(Start("c"), absl::OkStatus());
  EXPECT_EQ(ReadAll("c"), "from the disk\n");
  EXPECT_EQ(Wait("c"), 0);
  EXPECT_EQ(Remove("c"), absl::OkStatus());
  agent_->RemoveDisk(kPlace);
  EXPECT_EQ(Create(WithDisk("true", "07")).code(), absl::StatusCode::kNotFound) << "it was removed";
  agent_->AddDisk(kPlace, {.path = image_});
  ASSERT_EQ(Create(WithDisk("cat /data/new", "07.0")), absl::OkStatus());
  ASSERT_EQ(Start("c"), absl::OkStatus());
  EXPECT_EQ(ReadAll("c"), "more\n");
}

TEST_F(GuestDisksTest, ADiskThatIsReadOnlyIsMountedSo) {
  BootSandbox();
  agent_->AddDisk(kPlace, {.path = image_, .readonly = true});
  ASSERT_EQ(Create(WithDisk("echo x > /data/new || cat /data/hello", "07")), absl::OkStatus());
  ASSERT_EQ(Start("c"), absl::OkStatus());
  EXPECT_EQ(ReadAll("c"), "from the disk\n");
}

TEST_F(GuestDisksTest, WhatIsNoDiskIsNamed) {
  BootSandbox();
  const absl::Status none = Create(WithDisk("true", "07"));
  EXPECT_EQ(none.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(none.message()), HasSubstr("there is no disk at the PCI path 07"));
  base::testing::WriteFile(temp_.File("zeros"), std::string(1 << 20, '\0'));
  agent_->AddDisk(kPlace, {.path = temp_.File("zeros")});
  EXPECT_THAT(std::string(Create(WithDisk("true", "07")).message()),
              HasSubstr("storage sandbox/storage/0"));
}

TEST_F(GuestDisksTest, ALoopDeviceGoesWithItsLastUser) {
  absl::StatusOr<base::LoopDevice> loop = base::AttachLoopDevice(image_, true);
  ASSERT_TRUE(loop.ok()) << loop.status();
  std::uint64_t bytes = 0;
  ASSERT_EQ(::ioctl(loop->fd.get(), BLKGETSIZE64, &bytes), 0);
  EXPECT_EQ(bytes, std::filesystem::file_size(image_));
  const std::string backing =
      absl::StrCat("/sys/block/", loop->path.substr(5), "/loop/backing_file");
  EXPECT_THAT(base::testing::ReadFile(backing), HasSubstr("image"));
  loop->fd.reset();
  EXPECT_NE(::access(backing.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace fakes
