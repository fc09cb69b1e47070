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
  absl::StatusOr<base::testing::Pipe> in = base::testing::MakePipe();
  absl::StatusOr<base::testing::Pipe> out = base::testing::MakePipe();
  ASSERT_TRUE(in.ok() && out.ok());
  base::SpawnSpec spec;
  spec.path = "/bin/cat";
  spec.argv = {"cat ) (x", "-"};
  spec.fds = {{.source = in->read.get(), .target = 0}, {.source = out->write.get(), .target = 1}};
  absl::StatusOr<base::Child> child = base::Spawn(spec);
  ASSERT_TRUE(child.ok()) << child.status();
  // The kernel lets the parent of a vfork go on before the new program's arguments can be seen;
  // what the program answers comes after.
  char byte = 'x';
  ASSERT_EQ(::write(in->write.get(), &byte, 1), 1);
  ASSERT_EQ(::read(out->read.get(), &byte, 1), 1);

  const std::optional<ProcessInfo> info = ReadProcess(child->pid);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->parent, ::getpid());
  EXPECT_EQ(info->group, child->pid);
  EXPECT_EQ(info->name, "cat");
  EXPECT_THAT(info->argv, ElementsAre("cat ) (x", "-"));
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
