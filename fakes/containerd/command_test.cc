// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/subreaper.h"
#include "base/testing/leak_guard.h"
#include "fakes/containerd/limits.h"
#include "fakes/containerd/testing/run_until.h"

namespace fakes {
namespace {

using fakes::testing::RunUntil;
using ::testing::HasSubstr;

class CommandTest : public base::testing::ProcessTest {
 protected:
  CommandTest() {
    auto reaper = base::ChildReaper::Create(loop_);
    EXPECT_TRUE(reaper.ok()) << reaper.status();
    reaper_ = *std::move(reaper);
  }
  static CommandSpec Shell(const std::string& script) {
    CommandSpec spec;
    spec.path = "/bin/sh";
    spec.arguments = {"-c", script};
    return spec;
  }
  CommandOutcome Run(const CommandSpec& spec) {
    std::optional<CommandOutcome> outcome;
    auto command = RunCommand(loop_, *reaper_, spec,
                              [&](CommandOutcome result) { outcome = std::move(result); });
    EXPECT_TRUE(command.ok()) << command.status();
    EXPECT_TRUE(RunUntil(loop_, [&] { return outcome.has_value(); }));
    return outcome.value_or(CommandOutcome{});
  }

  boost::asio::io_context loop_;
  std::unique_ptr<base::ChildReaper> reaper_;
};

TEST_F(CommandTest, ReportsCodeAndBothOutputs) {
  const CommandOutcome outcome = Run(Shell("echo out; echo err >&2; exit 3"));
  EXPECT_EQ(outcome.exit.code, 3);
  EXPECT_EQ(outcome.exit.signal, 0);
  EXPECT_EQ(outcome.standard_output, "out\n");
  EXPECT_EQ(outcome.standard_error, "err\n");
  EXPECT_TRUE(outcome.eof_seen);
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_GT(outcome.took.count(), 0);
}

// HARN-03.
TEST_F(CommandTest, OnePipeTakesBothOutputsInOrder) {
  CommandSpec spec = Shell("echo out; echo err >&2; test /proc/$$/fd/1 -ef /proc/$$/fd/2");
  spec.one_pipe = true;
  const CommandOutcome outcome = Run(spec);
  EXPECT_EQ(outcome.exit.code, 0);
  EXPECT_EQ(outcome.standard_output, "out\nerr\n");
  EXPECT_EQ(outcome.standard_error, "");
}

TEST_F(CommandTest, FeedsStandardInputToItsEnd) {
  CommandSpec spec = Shell("wc -c");
  spec.standard_input = std::string(3 * kPipeReadBytes, 'x');
  EXPECT_EQ(Run(spec).standard_output, std::to_string(3 * kPipeReadBytes) + "\n");
  EXPECT_EQ(Run(Shell("readlink /proc/self/fd/0")).standard_output, "/dev/null\n");
}

TEST_F(CommandTest, AProgramThatReadsNothingIsNoError) {
  CommandSpec spec = Shell("exit 5");
  spec.standard_input = std::string(10 * kPipeReadBytes, 'x');
  EXPECT_EQ(Run(spec).exit.code, 5);
}

TEST_F(CommandTest, RunsInItsDirectoryEnvironmentAndProcessGroup) {
  CommandSpec spec = Shell("pwd; echo $A-$B; cut -d' ' -f5 /proc/$$/stat; echo $$");
  spec.working_directory = temp_.path();
  spec.env = {"A=1", "PATH=/usr/bin:/bin"};
  const CommandOutcome outcome = Run(spec);
  const std::string pid = std::to_string(outcome.exit.pid);
  EXPECT_EQ(outcome.standard_output, temp_.path() + "\n1-\n" + pid + "\n" + pid + "\n");
}

TEST_F(CommandTest, KillsTheWholeGroupAtTheDeadline) {
  CommandSpec spec = Shell("sh -c 'while :; do :; done' & wait");
  spec.deadline = std::chrono::milliseconds(50);
  // The shell's child is adopted by this process, and reaped by its reaper.
  ASSERT_TRUE(base::BecomeSubreaper().ok());
  int orphans = 0;
  reaper_->OnOrphan([&](const base::ExitStatus& status) {
    EXPECT_EQ(status.signal, SIGKILL);
    ++orphans;
  });
  const CommandOutcome outcome = Run(spec);
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_EQ(outcome.exit.signal, SIGKILL);
  EXPECT_TRUE(outcome.eof_seen);
  EXPECT_TRUE(RunUntil(loop_, [&] { return orphans == 1; }));
}

// START-04: a daemon that keeps the pipe is noticed, and does not hold up the result for ever.
TEST_F(CommandTest, NoticesWhoKeepsTheOutputOpen) {
  ASSERT_TRUE(base::BecomeSubreaper().ok());
  pid_t keeper = 0;
  reaper_->OnOrphan([&](const base::ExitStatus& status) { keeper = status.pid; });
  const CommandOutcome outcome = Run(Shell("sleep 1000 & echo $!"));
  EXPECT_EQ(outcome.exit.code, 0);
  EXPECT_FALSE(outcome.eof_seen);
  const pid_t pid = std::stoi(outcome.standard_output);
  ::kill(pid, SIGKILL);
  EXPECT_TRUE(RunUntil(loop_, [&] { return keeper == pid; }));
}

TEST_F(CommandTest, WhatCannotBeExecutedIsAnError) {
  CommandSpec spec;
  spec.path = temp_.File("nothing");
  const auto command = RunCommand(loop_, *reaper_, spec, [](const CommandOutcome&) { FAIL(); });
  EXPECT_TRUE(absl::IsNotFound(command.status())) << command.status();
  EXPECT_THAT(std::string(command.status().message()), HasSubstr("nothing"));
}

TEST_F(CommandTest, DroppingACommandKillsIt) {
  auto command = RunCommand(loop_, *reaper_, Shell("exec sleep 1000"),
                            [](const CommandOutcome&) { FAIL() << "reported after all"; });
  ASSERT_TRUE(command.ok());
  const pid_t pid = (*command)->pid();
  std::optional<base::ExitStatus> exit;
  const auto watch = reaper_->OnExit(pid, [&](const base::ExitStatus& status) { exit = status; });
  command->reset();
  ASSERT_TRUE(RunUntil(loop_, [&] { return exit.has_value(); }));
  EXPECT_EQ(exit->signal, SIGKILL);
}

}  // namespace
}  // namespace fakes
