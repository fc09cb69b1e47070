// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/process_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"

namespace conformance {
namespace {

using ::testing::ElementsAre;

class ProcessListTest : public base::testing::ProcessTest {};

TEST_F(ProcessListTest, ShowsAChildAndForgetsItWhenItIsGone) {
  base::SpawnSpec spec;
  spec.path = "/bin/sleep";
  spec.argv = {"sleep ) (x", "1000"};
  absl::StatusOr<base::Child> child = base::Spawn(spec);
  ASSERT_TRUE(child.ok()) << child.status();

  const std::optional<ProcessInfo> info = ReadProcess(child->pid);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->parent, ::getpid());
  EXPECT_EQ(info->group, child->pid);
  EXPECT_EQ(info->name, "sleep");
  EXPECT_THAT(info->argv, ElementsAre("sleep ) (x", "1000"));
  EXPECT_THAT(ListProcesses(),
              ::testing::Contains(::testing::Field(&ProcessInfo::pid, child->pid)));
  EXPECT_THAT(ListProcesses(),
              ::testing::Not(::testing::Contains(::testing::Field(&ProcessInfo::pid, ::getpid()))));

  ASSERT_EQ(base::SendSignal(child->pidfd, SIGKILL), absl::OkStatus());
  ASSERT_TRUE(base::testing::WaitForExit(child->pid).ok());
  EXPECT_EQ(ReadProcess(child->pid), std::nullopt);
}

}  // namespace
}  // namespace conformance
