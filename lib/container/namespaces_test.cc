// SPDX-License-Identifier: Apache-2.0
#include "container/namespaces.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"

namespace container {
namespace {

class ForkIntoTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  }
  // The exit code of child `name` of this program, first process of a pid namespace.
  static unsigned RunInPidNamespace(const std::string& name) {
    base::SpawnSpec spec = base::testing::ChildProcess(name);
    spec.namespaces = CLONE_NEWPID | CLONE_NEWNS;
    const absl::StatusOr<base::Child> child = base::Spawn(spec);
    EXPECT_TRUE(child.ok()) << child.status();
    if (!child.ok()) return 127;
    const auto exit = base::testing::WaitForExit(child->pid);
    EXPECT_TRUE(exit.ok()) << exit.status();
    return exit.ok() ? exit->ShellStatus() : 127;
  }
};

// In the joined namespace it has the number that a thread of its maker has outside.
TEST_F(ForkIntoTest, ChildNumberedAsAThreadOfItsMakerChangesItsUser) {
  EXPECT_EQ(RunInPidNamespace("join-beside-thread"), 0U);
}

TEST_F(ForkIntoTest, ChildOfAProcessWithThreadsIsFirstOfItsFreshNamespace) {
  EXPECT_EQ(RunInPidNamespace("fresh-beside-thread"), 0U);
}

}  // namespace
}  // namespace container
