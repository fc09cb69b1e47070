// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/shim_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "containerd/bootstrap.h"
#include "task/v3/task.pb.h"

namespace fakes {
namespace {

ShimOutcome Edited(WireSide side, const std::vector<std::string>& texts, ShimOutcome outcome) {
  std::vector<WireRule> rules;
  std::vector<const WireRule*> fired;
  for (const std::string& text : texts) rules.push_back(ParseWireRule(text).value());
  for (const WireRule& rule : rules) fired.push_back(&rule);
  const absl::Status status = EditOutcome(side, fired, {{"id", "c1"}}, outcome);
  EXPECT_TRUE(status.ok()) << status;
  return outcome;
}

TEST(ShimCommandTest, ReadsWhatAShimWouldRead) {
  const ShimCommand start = ReadShimCommand({"-namespace", "ns", "--id=c1", "-debug", "start"});
  EXPECT_EQ(start.side, WireSide::kStart);
  EXPECT_EQ(start.flags.at("namespace"), "ns");
  EXPECT_EQ(start.flags.at("id"), "c1");
  EXPECT_EQ(start.flags.at("debug"), "true");
  EXPECT_EQ(ReadShimCommand({"-id", "delete", "start"}).side, WireSide::kStart);
  EXPECT_EQ(ReadShimCommand({"-v"}).side, WireSide::kVersion);
  EXPECT_EQ(ReadShimCommand({"-info"}).side, WireSide::kInfo);
  EXPECT_FALSE(ReadShimCommand({"-nope", "x"}).side.has_value());
  EXPECT_EQ(ReadShimCommand({"-nope", "start"}).side, WireSide::kStart) << "as it was meant";
}

TEST(ShimCommandTest, EditsTheResultOfStart) {
  const ShimOutcome text = {.code = 0, .output = "unix:///run/s"};
  const auto parsed = [](const ShimOutcome& outcome) {
    return containerd::ParseStartResult(outcome.output).value();
  };
  EXPECT_EQ(parsed(Edited(WireSide::kStart, {"start set address+=x"}, text)).address,
            "unix:///run/sx");
  const auto third = parsed(Edited(WireSide::kStart, {"start set version=3"}, text));
  EXPECT_EQ(third.version, 3);
  EXPECT_EQ(third.dialect, containerd::Dialect::kJson);
  EXPECT_EQ(Edited(WireSide::kStart, {"start set protocol=smoke"}, text).output,
            R"({"version":2,"address":"unix:///run/s","protocol":"smoke"})");
  EXPECT_EQ(Edited(WireSide::kStart, {"start print-before \"x\\n\"", "start exit 3"}, text).output,
            "x\nunix:///run/s");
  // A failure has no result to edit.
  EXPECT_EQ(Edited(WireSide::kStart, {"start set version=3"}, {.code = 1, .output = ""}).output,
            "");
}

TEST(ShimCommandTest, EditsTheResultOfDelete) {
  containerd::task::v3::DeleteResponse response;
  response.set_pid(8);
  response.set_exit_status(137);
  const ShimOutcome outcome =
      Edited(WireSide::kDelete, {"delete set exit_status=0", "delete clear pid"},
             {.code = 0, .output = response.SerializeAsString()});
  EXPECT_EQ(outcome.output, "");
  ShimOutcome broken = {.code = 0, .output = "\xff\xff"};
  const WireRule rule = ParseWireRule("delete set pid=1").value();
  EXPECT_FALSE(EditOutcome(WireSide::kDelete, {&rule}, {}, broken).ok());
}

TEST(ShimCommandTest, AShellMayFollow) {
  const ShimOutcome good = {.code = 0, .output = "out"};
  EXPECT_EQ(Edited(WireSide::kDelete, {"delete then echo noise; true"}, good).code, 0);
  const ShimOutcome failed = Edited(WireSide::kDelete, {"delete then exit 7"}, good);
  EXPECT_EQ(failed.code, 7);
  EXPECT_EQ(failed.output, "out");
}

TEST(ShimCommandDeathTest, DiesOfASignal) {
  EXPECT_EXIT(Edited(WireSide::kVersion, {"version die 6"}, {}), ::testing::KilledBySignal(SIGABRT),
              "");
}

TEST(ShimCommandTest, RunsTheProgramWithAnotherInput) {
  const ShimRun run = {.program = "/bin/sh",
                       .args = {"-c", "cat; printf %s \"$WIRE_TEST\"; exit 3"},
                       .env = {{"WIRE_TEST", "!"}},
                       .input = "hello"};
  const auto outcome = RunShim(run);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->code, 3);
  EXPECT_EQ(outcome->output, "hello!");
}

}  // namespace
}  // namespace fakes
