// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/testing/leak_guard.h"
#include "fakes/containerd/bundle_maker.h"
#include "fakes/containerd/container_spec.h"
#include "oci/spec_parser.h"
#include "oci/spec_writer.h"

namespace fakes {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class BundleTest : public base::testing::ProcessTest {
 protected:
  static mode_t ModeOf(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 ? info.st_mode : 0;
  }
};

// HARN-01, whatever the umask.
TEST_F(BundleTest, HasAllAShimMayRelyOn) {
  const mode_t before = ::umask(0777);
  const absl::Status made = MakeBundle(
      {.path = temp_.File("c1"), .work_directory = temp_.File("work-of-c1"), .config_json = "{}"});
  ::umask(before);
  ASSERT_TRUE(made.ok()) << made;
  EXPECT_EQ(ModeOf(temp_.File("c1")), S_IFDIR | 0700u);
  EXPECT_EQ(ModeOf(temp_.File("c1/rootfs")), S_IFDIR | 0711u);
  EXPECT_EQ(ModeOf(temp_.File("c1/log")), S_IFIFO | 0700u);
  EXPECT_TRUE(S_ISLNK(ModeOf(temp_.File("c1/work"))));
  EXPECT_EQ(ModeOf(temp_.File("c1/work/.")), S_IFDIR | 0711u);
  EXPECT_EQ(base::testing::ReadFile(temp_.File("c1/config.json")), "{}");
}

TEST_F(BundleTest, CanLackConfigAndLog) {
  ASSERT_TRUE(MakeBundle({.path = temp_.File("c1"),
                          .work_directory = temp_.File("w"),
                          .config_json = "",
                          .log_fifo = false})
                  .ok());
  EXPECT_EQ(ModeOf(temp_.File("c1/config.json")), 0u);
  EXPECT_EQ(ModeOf(temp_.File("c1/log")), 0u);
}

TEST_F(BundleTest, ATakenNameIsAnError) {
  ASSERT_TRUE(MakeDirectory(temp_.File("c1"), 0700).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(
      MakeBundle({.path = temp_.File("c1"), .work_directory = temp_.File("w")})));
}

GuestRequest Request() {
  GuestRequest request;
  request.process.arguments = {"/bin/pause", "x"};
  request.process.env = {"A=b"};
  request.cgroups_path = "/run/c1";
  request.binds = {{.source = "/fixtures", .destination = "/bin", .readonly = true}};
  return request;
}

TEST(ContainerSpec, GuestReadsBackAsMeant) {
  GuestRequest request = Request();
  request.memory_limit_bytes = 1 << 20;
  request.oom_score_adj = 100;
  const auto json = oci::WriteSpec(MakeGuestSpec(request));
  ASSERT_TRUE(json.ok()) << json.status();
  const auto spec = oci::ParseSpec(*json);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_THAT(spec->process.args, ElementsAre("/bin/pause", "x"));
  EXPECT_THAT(spec->process.env, Contains("A=b"));
  EXPECT_EQ(spec->root.path, "rootfs");
  EXPECT_EQ(spec->linux.cgroups_path, "/run/c1");
  EXPECT_EQ(spec->linux.resources.memory->limit, 1 << 20);
  EXPECT_EQ(spec->process.oom_score_adj, 100);
  const auto bin =
      std::find_if(spec->mounts.begin(), spec->mounts.end(),
                   [](const oci::Mount& mount) { return mount.destination == "/bin"; });
  ASSERT_NE(bin, spec->mounts.end());
  EXPECT_EQ(bin->source, "/fixtures");
  EXPECT_THAT(bin->options, ElementsAre("rbind", "ro"));
}

TEST(ContainerSpec, ThePidNamespaceCanBeShared) {
  EXPECT_TRUE(oci::HasPrivatePidNamespace(MakeGuestSpec(Request())));
  GuestRequest request = Request();
  request.private_pid_namespace = false;
  EXPECT_EQ(oci::FindNamespace(MakeGuestSpec(request), "pid"), nullptr);
}

TEST(ContainerSpec, AHostProcessHasNoWorldOfItsOwn) {
  const oci::Spec spec = MakeHostSpec(Request());
  EXPECT_THAT(spec.mounts, IsEmpty());
  EXPECT_THAT(spec.linux.namespaces, IsEmpty());
  EXPECT_THAT(spec.process.args, ElementsAre("/bin/pause", "x"));
}

}  // namespace
}  // namespace fakes
