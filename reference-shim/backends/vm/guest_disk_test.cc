// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/guest_disk.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>

#include "base/testing/temp_dir.h"
#include "reference-shim/backends/vm/guest_spec.h"

namespace backends {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kPlace[] = "/guest/place";

// A node of a block device; nothing is behind it.
std::string MakeNode(const base::testing::TempDir& temp) {
  constexpr unsigned kExperimental = 240;  // a major number that no driver has
  const std::string path = temp.File("disk");
  EXPECT_EQ(::mknod(path.c_str(), S_IFBLK | 0600, makedev(kExperimental, 0)), 0);
  return path;
}

class GuestDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "device nodes need root";
    disk_ = MakeNode(temp_);
  }

  base::testing::TempDir temp_;
  std::string disk_;
};

TEST_F(GuestDiskTest, AMountOfADeviceIsTheGuestsToMake) {
  oci::Mount mount{.destination = "/data",
                   .type = "xfs",
                   .source = disk_,
                   .options = {"ro", "noatime", "rslave"}};
  const auto disk = TakeDisk(mount, kPlace);
  ASSERT_TRUE(disk.ok() && disk->has_value()) << disk.status();
  EXPECT_EQ((*disk)->path, disk_);
  EXPECT_TRUE((*disk)->readonly);
  EXPECT_EQ((*disk)->storage, (GuestStorage{.driver = "blk",
                                            .source = "",
                                            .fstype = "xfs",
                                            .options = {"ro", "noatime"},
                                            .mount_point = kPlace,
                                            .group = {}}));
  EXPECT_EQ(mount.type, "bind");
  EXPECT_EQ(mount.source, kPlace);
  EXPECT_THAT(mount.options, ElementsAre("bind", "ro", "rslave"));
}

TEST_F(GuestDiskTest, ABoundDeviceHoldsTheUsualFileSystem) {
  oci::Mount mount{
      .destination = "/data", .type = "bind", .source = disk_, .options = {"rbind", "rw"}};
  const auto disk = TakeDisk(mount, kPlace);
  ASSERT_TRUE(disk.ok() && disk->has_value()) << disk.status();
  EXPECT_FALSE((*disk)->readonly);
  EXPECT_EQ((*disk)->storage.fstype, "ext4");
  EXPECT_THAT((*disk)->storage.options, IsEmpty());
  EXPECT_THAT(mount.options, ElementsAre("bind"));
}

TEST_F(GuestDiskTest, WhatIsNoDiskIsLeftAlone) {
  for (const oci::Mount& other :
       {oci::Mount{.destination = "/proc", .type = "proc", .source = "proc"},
        oci::Mount{.destination = "/d", .type = "bind", .source = temp_.path()},
        oci::Mount{.destination = "/n", .type = "bind", .source = "/dev/null"}}) {
    oci::Mount mount = other;
    const auto disk = TakeDisk(mount, kPlace);
    ASSERT_TRUE(disk.ok()) << disk.status();
    EXPECT_FALSE(disk->has_value()) << other.source;
    EXPECT_EQ(mount, other);
  }
}

TEST_F(GuestDiskTest, TheRootMayBeADisk) {
  const container::Mount device{.type = "ext4", .source = disk_, .target = "", .options = {}};
  const container::Mount image{
      .type = "ext4", .source = "/image", .target = "", .options = {"loop", "ro"}};
  EXPECT_TRUE(IsDiskRootfs({device}));
  EXPECT_TRUE(IsDiskRootfs({image}));
  EXPECT_FALSE(IsDiskRootfs({}));
  EXPECT_FALSE(IsDiskRootfs({device, device}));
  EXPECT_FALSE(IsDiskRootfs({{.type = "bind", .source = disk_, .target = "", .options = {}}}));
  EXPECT_FALSE(
      IsDiskRootfs({{.type = "overlay", .source = "overlay", .target = "", .options = {}}}));
  const auto guest = MakeGuestSpec({}, "c1", "", {image});
  ASSERT_TRUE(guest.ok()) << guest.status();
  EXPECT_THAT(guest->shares, IsEmpty());
  ASSERT_EQ(guest->disks.size(), 1U);
  EXPECT_TRUE(guest->disks[0].readonly);
  EXPECT_THAT(guest->disks[0].storage.options, ElementsAre("ro"));
  EXPECT_EQ(guest->disks[0].storage.mount_point, guest->spec.root.path);
}

TEST_F(GuestDiskTest, DisksOfAGuestHavePlacesOfTheirOwn) {
  oci::Spec spec;
  spec.mounts = {{.destination = "/a", .type = "ext4", .source = disk_},
                 {.destination = "/b", .type = "ext4", .source = disk_}};
  const auto guest = MakeGuestSpec(spec, "c1", temp_.path());
  const auto other = MakeGuestSpec(spec, "c2", temp_.path());
  ASSERT_TRUE(guest.ok() && other.ok());
  ASSERT_EQ(guest->disks.size(), 2U);
  EXPECT_EQ(guest->shares.size(), 1U);
  EXPECT_NE(guest->spec.mounts[0].source, guest->spec.mounts[1].source);
  EXPECT_NE(guest->spec.mounts[0].source, other->spec.mounts[0].source);
}

// In a /run of its own.
class DirectVolumeTest : public GuestDiskTest {
 protected:
  void SetUp() override {
    GuestDiskTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("tmpfs", "/run", "tmpfs", 0, "mode=755"), 0);
  }
  void TearDown() override {
    if (!IsSkipped()) ::umount2("/run", MNT_DETACH);
  }

  // What becomes of the mount of "/v/1~?>", registered with that text.
  absl::StatusOr<std::optional<GuestDisk>> Take(const std::string& info) {
    const std::string directory = absl::StrCat(kDirectVolumes, "/L3YvMX4_Pg==");
    std::filesystem::create_directories(directory);
    base::testing::WriteFile(directory + "/mountInfo.json", info);
    mount_ = {
        .destination = "/data", .type = "bind", .source = "/v/1~?>", .options = {"rbind", "ro"}};
    return TakeDisk(mount_, kPlace);
  }

  oci::Mount mount_;
};

TEST_F(DirectVolumeTest, IsWhatWasRegisteredForItsPath) {
  const auto disk = Take(
      absl::StrCat(R"({"volume-type":"block","device":")", disk_,
                   R"(","fstype":"xfs","metadata":{"fsGroup":"1000"},"options":["noatime"]})"));
  ASSERT_TRUE(disk.ok() && disk->has_value()) << disk.status();
  EXPECT_EQ((*disk)->path, disk_);
  EXPECT_EQ((*disk)->storage.fstype, "xfs");
  EXPECT_THAT((*disk)->storage.options, ElementsAre("noatime"));
  EXPECT_EQ((*disk)->storage.group, 1000U);
  EXPECT_EQ(mount_.source, kPlace);
  EXPECT_THAT(mount_.options, ElementsAre("bind", "ro"));
}

TEST_F(DirectVolumeTest, AMistakeIsNamedWithTheMountAndTheFile) {
  for (const auto& [info, what] : std::vector<std::pair<std::string, std::string>>{
           {"{", "expected an object of JSON"},
           {"{}", "volume-type: expected a string"},
           {R"({"volume-type":"spdkvol"})", "volume-type \"spdkvol\": expected block or directvol"},
           {R"({"volume-type":"directvol","device":1})", "device: expected a string"},
           {R"({"volume-type":"block","device":"/d","fstype":"x","options":"ro"})",
            "options: expected an array"},
           {R"({"volume-type":"block","device":"/d","fstype":"x","metadata":{"fsGroup":"a"}})",
            "metadata.fsGroup: expected a string with a number"}}) {
    const std::string message(Take(info).status().message());
    EXPECT_THAT(message, HasSubstr("mount /data: /v/1~?>: "));
    EXPECT_THAT(message, HasSubstr("mountInfo.json: " + what));
  }
}

TEST(PciPath, IsTheSlotOfTheFirstBus) {
  EXPECT_EQ(PciPath("0000:00:1f.0").value_or(""), "1f");
  for (const char* odd : {"", "nowhere", "0000:01:05.0", "0000:00:05.1", "0000:00:5.0",
                          "0000:00:0x.0", "0001:00:05.0"}) {
    EXPECT_THAT(std::string(PciPath(odd).status().message()),
                HasSubstr(absl::StrCat("not \"", odd, "\"")));
  }
}

}  // namespace
}  // namespace backends
