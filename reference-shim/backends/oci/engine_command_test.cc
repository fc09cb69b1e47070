// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/engine_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace backends {
namespace {

using ::testing::ElementsAre;

TEST(EngineCommandLine, IsTheOneOfRuncV2) {
  const EngineSettings settings = SettingsFor({}, "ns", "/b");
  EXPECT_THAT(CommandLine(settings, {.verb = "start", .flags = {}, .arguments = {"c"}}),
              ElementsAre("runc", "--root", "/run/containerd/runc/ns", "--log", "/b/log.json",
                          "--log-format", "json", "start", "c"));
  EXPECT_THAT(CommandLine(settings, {.verb = "delete", .flags = {"--force"}, .arguments = {"c"}}),
              ElementsAre("runc", "--root", "/run/containerd/runc/ns", "--log", "/b/log.json",
                          "--log-format", "json", "delete", "--force", "c"));
}

TEST(EngineCommandLine, OptionsNameEngineRootAndDriver) {
  const EngineSettings settings =
      SettingsFor({.binary = "/opt/crun", .root = "/x", .systemd_cgroup = true}, "ns", "/b");
  EXPECT_THAT(CommandLine(settings, {.verb = "kill", .flags = {}, .arguments = {"c", "9"}}),
              ElementsAre("/opt/crun", "--root", "/x/ns", "--log", "/b/log.json", "--log-format",
                          "json", "--systemd-cgroup", "kill", "c", "9"));
}

TEST(EngineCommandLine, WithoutABundleThereIsNoLog) {
  EXPECT_THAT(CommandLine({.binary = "runc"}, {.verb = "features", .flags = {}, .arguments = {}}),
              ElementsAre("runc", "features"));
}

}  // namespace
}  // namespace backends
