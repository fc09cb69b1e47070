// SPDX-License-Identifier: Apache-2.0
#include "container/credentials.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/spawn.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"

namespace container {
namespace {

class Credentials : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  }
  // The umask of a process that had 077 and became what a spec says, with this umask if any.
  static unsigned UmaskAfter(const std::vector<std::string>& given) {
    const auto child = base::Spawn(base::testing::ChildProcess("umask-of-user", given));
    EXPECT_TRUE(child.ok()) << child.status();
    if (!child.ok()) return 0777;
    const auto exit = base::testing::WaitForExit(child->pid);
    EXPECT_TRUE(exit.ok()) << exit.status();
    return exit.ok() ? exit->ShellStatus() : 0777;
  }
};

TEST_F(Credentials, TheUmaskIsTheSpecsOrRuncsAndNeverThatOfTheParent) {
  EXPECT_EQ(UmaskAfter({}), 0022U);
  EXPECT_EQ(UmaskAfter({"5"}), 0005U);
  EXPECT_EQ(UmaskAfter({"0"}), 0000U);
}

}  // namespace
}  // namespace container
