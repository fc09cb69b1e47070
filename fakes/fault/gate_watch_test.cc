// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/gate_watch.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "base/testing/leak_guard.h"
#include "fakes/fault/fault_gate.h"

namespace fakes {
namespace {

using GateWatchTest = base::testing::ProcessTest;

bool Told(const GateWatch& watch, int timeout_ms) {
  pollfd ready{.fd = watch.fd(), .events = POLLIN, .revents = 0};
  return ::poll(&ready, 1, timeout_ms) == 1;
}

TEST_F(GateWatchTest, TellsWhenTheGateOpensAndWhenItClosesAgain) {
  absl::StatusOr<FaultGate> gate = FaultGate::Make(temp_.File("gate"));
  ASSERT_TRUE(gate.ok()) << gate.status();
  absl::StatusOr<GateWatch> watch = GateWatch::Make(gate->path());
  ASSERT_TRUE(watch.ok()) << watch.status();
  EXPECT_FALSE(watch->IsOpen());
  EXPECT_FALSE(Told(*watch, 0));
  ASSERT_TRUE(gate->Open().ok());
  EXPECT_TRUE(Told(*watch, 10'000));
  EXPECT_TRUE(watch->IsOpen());
  gate->Close();
  EXPECT_FALSE(watch->IsOpen());
}

TEST_F(GateWatchTest, AGateThatIsOpenIsSeenAtOnce) {
  absl::StatusOr<FaultGate> gate = FaultGate::Make(temp_.File("gate"));
  ASSERT_TRUE(gate.ok() && gate->Open().ok());
  absl::StatusOr<GateWatch> watch = GateWatch::Make(gate->path());
  ASSERT_TRUE(watch.ok()) << watch.status();
  EXPECT_TRUE(watch->IsOpen());
}

TEST_F(GateWatchTest, RefusesWhatIsNoGate) {
  EXPECT_TRUE(absl::IsNotFound(GateWatch::Make(temp_.File("none")).status()));
  base::testing::WriteFile(temp_.File("file"), "");
  EXPECT_TRUE(absl::IsInvalidArgument(GateWatch::Make(temp_.File("file")).status()));
}

}  // namespace
}  // namespace fakes
