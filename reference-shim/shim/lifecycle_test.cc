// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/lifecycle.h"

#include <gtest/gtest.h>

#include <string>

namespace shim {
namespace {

// The table of contract 4.2, word for word where the contract leaves no choice: what the table in
// lifecycle.cc must come to.
struct Expectation {
  Verb verb;
  std::string created, running, paused, stopped;  // state after success, or the refusal's code
};

const Expectation kInitTable[] = {
    {Verb::kStart, "running", "9", "9", "9"},
    {Verb::kPause, "9", "paused", "9", "9"},
    {Verb::kResume, "9", "9", "running", "9"},
    {Verb::kKill, "created", "running", "paused", "5"},
    {Verb::kExec, "created", "running", "9", "9"},
    {Verb::kStartExec, "created", "running", "9", "9"},
    {Verb::kUpdate, "created", "running", "paused", "9"},
    {Verb::kCheckpoint, "9", "running", "paused", "9"},
    {Verb::kPids, "created", "running", "paused", "stopped"},
    {Verb::kStats, "created", "running", "paused", "stopped"},
    {Verb::kResize, "created", "running", "paused", "stopped"},
    {Verb::kCloseIo, "created", "running", "paused", "stopped"},
    {Verb::kWait, "created", "running", "paused", "stopped"},
    {Verb::kDelete, "deleted", "9", "9", "deleted"},
    {Verb::kExit, "stopped", "stopped", "stopped", "9"},
};

const Expectation kExecTable[] = {
    {Verb::kStart, "running", "9", "", "9"},
    {Verb::kKill, "9", "running", "", "5"},
    {Verb::kResize, "created", "running", "", "9"},
    {Verb::kCloseIo, "created", "running", "", "stopped"},
    {Verb::kWait, "created", "running", "", "stopped"},
    {Verb::kDelete, "deleted", "9", "", "deleted"},
    {Verb::kExit, "9", "stopped", "", "9"},
    {Verb::kPause, "9", "9", "", "9"},
    {Verb::kExec, "9", "9", "", "9"},
};

Lifecycle InState(ProcessKind kind, ProcessState state) {
  Lifecycle life(kind);
  if (state == ProcessState::kCreated) return life;
  EXPECT_TRUE(life.Complete(Verb::kStart));
  const bool moved = state == ProcessState::kPaused    ? life.Complete(Verb::kPause)
                     : state == ProcessState::kStopped ? life.Complete(Verb::kExit)
                                                       : true;
  EXPECT_TRUE(moved);
  EXPECT_EQ(life.state(), state);
  return life;
}

std::string Outcome(ProcessKind kind, ProcessState state, Verb verb) {
  Lifecycle life = InState(kind, state);
  const absl::Status legal = life.Check(verb);
  EXPECT_EQ(life.Complete(verb), legal.ok());
  if (!legal.ok()) {
    EXPECT_EQ(life.state(), state) << "a refused verb moved the state";
    return std::to_string(legal.raw_code());
  }
  return std::string(StateName(life.state()));
}

TEST(Lifecycle, InitFollowsTheContractsTable) {
  for (const Expectation& row : kInitTable) {
    SCOPED_TRACE(std::string(VerbName(row.verb)));
    EXPECT_EQ(Outcome(ProcessKind::kInit, ProcessState::kCreated, row.verb), row.created);
    EXPECT_EQ(Outcome(ProcessKind::kInit, ProcessState::kRunning, row.verb), row.running);
    EXPECT_EQ(Outcome(ProcessKind::kInit, ProcessState::kPaused, row.verb), row.paused);
    EXPECT_EQ(Outcome(ProcessKind::kInit, ProcessState::kStopped, row.verb), row.stopped);
  }
}

TEST(Lifecycle, ExecsFollowRowsOfTheirOwn) {
  for (const Expectation& row : kExecTable) {
    SCOPED_TRACE(std::string(VerbName(row.verb)));
    EXPECT_EQ(Outcome(ProcessKind::kExec, ProcessState::kCreated, row.verb), row.created);
    EXPECT_EQ(Outcome(ProcessKind::kExec, ProcessState::kRunning, row.verb), row.running);
    EXPECT_EQ(Outcome(ProcessKind::kExec, ProcessState::kStopped, row.verb), row.stopped);
  }
}

TEST(Lifecycle, NothingHappensToTheDeleted) {
  Lifecycle life(ProcessKind::kInit);
  ASSERT_TRUE(life.Complete(Verb::kDelete));
  for (const Expectation& row : kInitTable) {
    EXPECT_TRUE(absl::IsNotFound(life.Check(row.verb)));
    EXPECT_FALSE(life.Complete(row.verb));
  }
  EXPECT_EQ(life.state(), ProcessState::kDeleted);
}

TEST(Lifecycle, RefusalNamesVerbAndState) {
  const absl::Status refused = Lifecycle(ProcessKind::kInit).Check(Verb::kPause);
  EXPECT_EQ(refused.message(), "cannot pause a created container");
}

}  // namespace
}  // namespace shim
