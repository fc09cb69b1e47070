// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/fault_gate.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <utility>

#include "base/testing/leak_guard.h"

namespace fakes {
namespace {

class FaultGateTest : public base::testing::ProcessTest {};

TEST_F(FaultGateTest, AnOpenGateLetsEveryonePass) {
  absl::StatusOr<FaultGate> gate = FaultGate::Make(temp_.File("gate"));
  ASSERT_TRUE(gate.ok()) << gate.status();
  ASSERT_TRUE(gate->Open().ok());
  EXPECT_TRUE(WaitAtGate(gate->path()).ok());
  EXPECT_TRUE(WaitAtGate(gate->path()).ok());
}

TEST_F(FaultGateTest, ItIsRemovedWithItsOwner) {
  const std::string path = temp_.File("gate");
  {
    absl::StatusOr<FaultGate> gate = FaultGate::Make(path);
    ASSERT_TRUE(gate.ok());
    const FaultGate moved = *std::move(gate);
    struct stat info {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_TRUE(S_ISFIFO(info.st_mode));
  }
  EXPECT_TRUE(absl::IsNotFound(WaitAtGate(path)));
}

TEST_F(FaultGateTest, AnythingElseIsNoGate) {
  const std::string path = temp_.File("file");
  base::testing::WriteFile(path, "");
  EXPECT_TRUE(absl::IsInvalidArgument(WaitAtGate(path)));
  EXPECT_TRUE(absl::IsAlreadyExists(FaultGate::Make(path).status()));
}

}  // namespace
}  // namespace fakes
