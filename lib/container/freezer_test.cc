// SPDX-License-Identifier: Apache-2.0
#include "container/freezer.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <csignal>

#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/testing/temp_dir.h"
#include "container/testing/host_cgroup.h"

namespace container {
namespace {

using ::base::testing::ReadFile;
using ::base::testing::WriteFile;

class FreezerTest : public base::testing::ProcessTest {};

TEST_F(FreezerTest, V2IsAskedAndSaysWhenEverythingStandsStill) {
  const Cgroup cgroup{.version = CgroupVersion::kV2, .controllers = {}, .unified = temp_.path()};
  EXPECT_FALSE(HasFreezer(cgroup));
  EXPECT_FALSE(IsFreezing(cgroup));
  WriteFile(temp_.File("cgroup.freeze"), "0\n");
  WriteFile(temp_.File("cgroup.events"), "populated 1\nfrozen 0\n");
  EXPECT_TRUE(HasFreezer(cgroup));
  ASSERT_TRUE(Freeze(cgroup).ok());
  EXPECT_EQ(ReadFile(temp_.File("cgroup.freeze")).substr(0, 1), "1");
  EXPECT_TRUE(IsFreezing(cgroup));
  EXPECT_FALSE(*HasFrozen(cgroup));
  WriteFile(temp_.File("cgroup.events"), "populated 1\nfrozen 1\n");
  EXPECT_TRUE(*HasFrozen(cgroup));
}

TEST_F(FreezerTest, V1StopsARunningProcessAndLetsItGoOn) {
  auto host = testing::HostCgroup::Create({"freezer"});
  if (!host.ok()) GTEST_SKIP() << host.status().message();
  const base::Child child = base::Spawn(base::testing::ChildProcess("wait")).value();
  host->Add(child.pid);
  EXPECT_TRUE(HasFreezer(host->cgroup()));
  EXPECT_FALSE(IsFreezing(host->cgroup()));
  ASSERT_TRUE(Freeze(host->cgroup()).ok());
  EXPECT_TRUE(IsFreezing(host->cgroup()));
  while (!HasFrozen(host->cgroup()).value_or(true)) ::sched_yield();
  ASSERT_TRUE(base::SendSignal(child.pidfd, SIGKILL).ok());
  EXPECT_FALSE(base::HasExited(child.pidfd)) << "what stands still cannot die in version 1";
  ASSERT_TRUE(Thaw(host->cgroup()).ok());
  EXPECT_EQ(base::testing::WaitForExit(child.pid)->signal, SIGKILL);
  EXPECT_FALSE(IsFreezing(host->cgroup()));
}

TEST_F(FreezerTest, WithoutAFreezerThereIsNothingToFreeze) {
  const Cgroup none{.version = CgroupVersion::kV1, .controllers = {}, .unified = ""};
  EXPECT_FALSE(HasFreezer(none));
  EXPECT_EQ(Freeze(none).code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace container
