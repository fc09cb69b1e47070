// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/guest_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/testing/temp_dir.h"

namespace backends {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kShared[] = "/run/kata-containers/shared/containers/";

TEST(GuestSpec, RootAndBindMountsAreNamedAsTheGuestSeesThem) {
  base::testing::TempDir temp;
  base::testing::WriteFile(temp.File("file"), "x");
  oci::Spec spec;
  spec.mounts = {
      {.destination = "/proc", .type = "proc", .source = "proc"},
      {.destination = "/data", .type = "bind", .source = temp.path(), .options = {"rbind", "ro"}},
      {.destination = "/etc/hosts", .type = "", .source = temp.File("file"), .options = {"bind"}},
      {.destination = "/dev/shm", .type = "bind", .source = temp.path(), .options = {"rbind"}},
      {.destination = "/dev/null2", .type = "bind", .source = "/dev/null", .options = {"bind"}}};
  const auto guest = MakeGuestSpec(spec, "c1", "/bundle/rootfs");
  ASSERT_TRUE(guest.ok()) << guest.status();
  EXPECT_EQ(guest->spec.root.path, std::string(kShared) + "c1/rootfs");
  EXPECT_THAT(guest->shares,
              ElementsAre(Share{"/bundle/rootfs", "c1/rootfs"}, Share{temp.path(), "c1/mounts/1"},
                          Share{temp.File("file"), "c1/mounts/2"}));
  EXPECT_EQ(guest->spec.mounts[0], spec.mounts[0]);
  EXPECT_EQ(guest->spec.mounts[1].source, std::string(kShared) + "c1/mounts/1");
  EXPECT_THAT(guest->spec.mounts[1].options, ElementsAre("rbind", "ro"));
  EXPECT_EQ(guest->spec.mounts[2].source, std::string(kShared) + "c1/mounts/2");
  EXPECT_EQ(guest->spec.mounts[3].source, "/run/kata-containers/sandbox/shm");
  EXPECT_EQ(guest->spec.mounts[4].source, "/dev/null");
}

TEST(GuestSpec, NamespacesAndHooksOfTheHostStayThere) {
  oci::Spec spec;
  spec.linux.namespaces = {{.type = "pid", .path = ""},
                           {.type = "network", .path = "/run/netns/x"},
                           {.type = "ipc", .path = "/proc/7/ns/ipc"},
                           {.type = "mount", .path = ""}};
  spec.hooks.create_runtime = {{.path = "/host"}};
  spec.hooks.start_container = {{.path = "/guest"}};
  const auto guest = MakeGuestSpec(spec, "c1", "/rootfs");
  ASSERT_TRUE(guest.ok());
  EXPECT_THAT(guest->spec.linux.namespaces,
              ElementsAre(oci::Namespace{"ipc", ""}, oci::Namespace{"mount", ""}));
  EXPECT_TRUE(guest->spec.hooks.create_runtime.empty());
  ASSERT_EQ(guest->spec.hooks.start_container.size(), 1U);
}

TEST(GuestSpec, WhatAGuestCannotBeGivenIsNamed) {
  base::testing::TempDir temp;
  ASSERT_EQ(::mkfifo(temp.File("fifo").c_str(), 0600), 0);
  oci::Spec spec;
  spec.mounts = {{.destination = "/f", .type = "bind", .source = temp.File("fifo")}};
  EXPECT_THAT(std::string(MakeGuestSpec(spec, "c1", "/rootfs").status().message()),
              HasSubstr("mount /f: " + temp.File("fifo") + ": a guest can be given"));
  spec.mounts[0].source = temp.File("none");
  EXPECT_THAT(std::string(MakeGuestSpec(spec, "c1", "/rootfs").status().message()),
              HasSubstr("mount /f: " + temp.File("none") + ": No such file"));
}

}  // namespace
}  // namespace backends
