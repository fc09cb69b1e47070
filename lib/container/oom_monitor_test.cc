// SPDX-License-Identifier: Apache-2.0
#include "container/oom_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>

#include "base/spawn.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "container/testing/host_cgroup.h"

namespace container {
namespace {

using ::base::testing::WriteFile;
using ::testing::Ge;

bool Readable(const OomMonitor& monitor) {
  pollfd poll_fd{.fd = monitor.fd().get(), .events = POLLIN, .revents = 0};
  return ::poll(&poll_fd, 1, 0) == 1;
}

class OomMonitorTest : public base::testing::ProcessTest {};

// inotify works on any file: a plain one stands in for memory.events of a cgroup v2.
TEST_F(OomMonitorTest, V2TellsEachCountedKillOnce) {
  const std::string events = temp_.File("memory.events");
  WriteFile(events, "oom 3\noom_kill 3\n");
  auto monitor = OomMonitor::Create(
      Cgroup{.version = CgroupVersion::kV2, .controllers = {}, .unified = temp_.path()});
  ASSERT_TRUE(monitor.ok()) << monitor.status();
  EXPECT_FALSE(Readable(*monitor));
  EXPECT_EQ(monitor->Take(), 0U) << "kills of an earlier life do not count";

  WriteFile(events, "oom 4\noom_kill 3\n");
  EXPECT_TRUE(Readable(*monitor));
  EXPECT_EQ(monitor->Take(), 0U) << "an OOM without a kill";
  EXPECT_FALSE(Readable(*monitor));

  WriteFile(events, "oom 5\noom_kill 5\n");
  EXPECT_TRUE(Readable(*monitor));
  EXPECT_EQ(monitor->Take(), 2U);
  EXPECT_EQ(monitor->Take(), 0U);

  ASSERT_EQ(::unlink(events.c_str()), 0);
  EXPECT_EQ(monitor->Take(), 0U);
}

TEST_F(OomMonitorTest, WithoutAMemoryControllerThereIsNothingToWatch) {
  const Cgroup none{.version = CgroupVersion::kV1, .controllers = {}, .unified = ""};
  EXPECT_EQ(OomMonitor::Create(none).status().code(), absl::StatusCode::kNotFound);
  const Cgroup gone{.version = CgroupVersion::kV2, .controllers = {}, .unified = "/no/such"};
  EXPECT_EQ(OomMonitor::Create(gone).status().code(), absl::StatusCode::kNotFound);
}

// As when all descriptors of that kind are in use: here, for want of a cgroup.event_control.
TEST_F(OomMonitorTest, WithoutADescriptorTheCounterTells) {
  const std::string control = temp_.File("memory.oom_control");
  WriteFile(control, "under_oom 0\noom_kill 3\n");
  auto monitor = OomMonitor::Create(Cgroup{
      .version = CgroupVersion::kV1, .controllers = {{"memory", temp_.path()}}, .unified = ""});
  ASSERT_TRUE(monitor.ok()) << monitor.status();
  EXPECT_FALSE(monitor->fd().ok());
  EXPECT_EQ(monitor->Take(), 0U);
  WriteFile(control, "under_oom 0\noom_kill 5\n");
  EXPECT_EQ(monitor->Take(), 2U);
  EXPECT_EQ(monitor->Take(), 0U);
}

TEST_F(OomMonitorTest, V1TellsOfAKillAndNotOfTheRemoval) {
  auto host = testing::HostCgroup::Create({"memory"});
  if (!host.ok()) GTEST_SKIP() << host.status();
  host->Set("memory", "memory.limit_in_bytes", "33554432");
  absl::StatusOr<OomMonitor> monitor = OomMonitor::Create(host->cgroup());
  ASSERT_TRUE(monitor.ok()) << monitor.status();
  EXPECT_FALSE(Readable(*monitor));

  auto go = base::testing::MakePipe();
  ASSERT_TRUE(go.ok());
  base::SpawnSpec spec = base::testing::ChildProcess("eat-memory");
  spec.fds = {{.source = go->read.get(), .target = 0}};
  const auto child = base::Spawn(spec);
  ASSERT_TRUE(child.ok());
  host->Add(child->pid);
  go->write.reset();
  const auto status = base::testing::WaitForExit(child->pid);
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->signal, SIGKILL);
  EXPECT_TRUE(Readable(*monitor));
  EXPECT_THAT(monitor->Take(), Ge(1U));
  EXPECT_EQ(monitor->Take(), 0U);

  { const testing::HostCgroup removed(*std::move(host)); }
  pollfd poll_fd{.fd = monitor->fd().get(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&poll_fd, 1, -1), 1) << "the kernel signals a removal, some time after it";
  EXPECT_EQ(monitor->Take(), 0U);
}

}  // namespace
}  // namespace container
