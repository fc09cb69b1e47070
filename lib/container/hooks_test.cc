// SPDX-License-Identifier: Apache-2.0
#include "container/hooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

#include "base/testing/leak_guard.h"
#include "oci/json_reader.h"

namespace container {
namespace {

using ::testing::HasSubstr;

class HooksTest : public base::testing::ProcessTest {
 protected:
  static oci::Hook Shell(const std::string& script) {
    return {.path = "/bin/sh", .args = {"sh", "-c", script}};
  }
  static std::string ErrorOf(const oci::Hook& hook) {
    return std::string(RunHooks("prestart", {hook}, {.id = "c"}).message());
  }
};

TEST_F(HooksTest, AHookGetsTheWholeStateAndNothingElse) {
  HookState state{.oci_version = "1.0.2",
                  .id = "c",
                  .status = "creating",
                  .pid = 7,
                  .bundle = "/b",
                  .annotations = {{"k", "v\n"}}};
  const std::string out = temp_.File("out");
  oci::Hook hook = Shell("cat > " + out + "; echo \"$A,$PATH,$0\" >> " + out);
  hook.args[0] = "mine";
  hook.args.push_back("zero");
  hook.env = {"A=b=c", "PATH=/bin:/usr/bin"};
  ASSERT_TRUE(RunHooks("prestart", {hook}, state).ok());
  EXPECT_EQ(base::testing::ReadFile(out),
            R"({"ociVersion":"1.0.2","id":"c","status":"creating","pid":7,"bundle":"/b",)"
            R"("annotations":{"k":"v\n"}}b=c,/bin:/usr/bin,zero)"
            "\n");
}

TEST_F(HooksTest, AHookThatDoesNotReadALargeStateHasNotFailed) {
  HookState state{.id = "c", .annotations = {{"large", std::string(200'000, 'x')}}};
  EXPECT_TRUE(RunHooks("prestart", {Shell("exec <&-; exit 0")}, state).ok());
  EXPECT_TRUE(RunHooks("prestart", {Shell("exit 0")}, state).ok());
}

TEST_F(HooksTest, AFloodDoesNotBlock) {
  EXPECT_TRUE(RunHooks("prestart",
                       {Shell("head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2")},
                       {.id = "c"})
                  .ok());
}

TEST_F(HooksTest, EveryWayToFailIsNamed) {
  EXPECT_THAT(ErrorOf(Shell("echo why >&2; exit 3")),
              HasSubstr("error running prestart hook #0 (/bin/sh): exit status 3, stderr: why"));
  EXPECT_THAT(ErrorOf(Shell("kill -9 $$")), HasSubstr("killed by signal 9"));
  EXPECT_THAT(ErrorOf({.path = "/nowhere"}), HasSubstr("No such file"));
  EXPECT_THAT(ErrorOf({.path = "/etc/passwd"}), HasSubstr("Permission denied"));
  EXPECT_THAT(ErrorOf({.path = "true"}), HasSubstr("not absolute"));
  oci::Hook slow = Shell("sleep 1000");
  slow.timeout = 1;
  EXPECT_THAT(ErrorOf(slow), HasSubstr("timed out"));
}

TEST_F(HooksTest, AFailureStopsTheRunOrIsKeptForLater) {
  const std::string mark = temp_.File("mark");
  const std::vector<oci::Hook> hooks = {Shell("exit 1"), Shell("echo x >> " + mark),
                                        Shell("exit 2")};
  EXPECT_THAT(RunHooks("p", hooks, {.id = "c"}).message(), HasSubstr("hook #0"));
  EXPECT_NE(::access(mark.c_str(), F_OK), 0);
  const absl::Status all = RunHooks("p", hooks, {.id = "c"}, HookFailure::kLogged);
  EXPECT_THAT(all.message(), ::testing::AllOf(HasSubstr("hook #0"), HasSubstr("hook #2")));
  EXPECT_EQ(base::testing::ReadFile(mark), "x\n");
  EXPECT_TRUE(RunHooks("p", {}, {.id = "c"}).ok());
}

TEST_F(HooksTest, AHookThatRunsAtTheDeadlineEndsWithAllThatItStartedAndNoneFollows) {
  const std::string mark = temp_.File("mark");
  const std::vector<oci::Hook> hooks = {Shell("sleep 1000 & sleep 1000"),
                                        Shell("echo x >> " + mark)};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  const absl::Status ran = RunHooks("poststop", hooks, {.id = "c"}, HookFailure::kLogged, deadline);
  EXPECT_THAT(ran.message(),
              ::testing::AllOf(HasSubstr("hook #0 (/bin/sh): timed out and was killed"),
                               HasSubstr("hook #1 (/bin/sh): there was no time left")));
  EXPECT_NE(::access(mark.c_str(), F_OK), 0);
}

TEST_F(HooksTest, TheEarlierOfTimeoutAndDeadlineCounts) {
  oci::Hook slow = Shell("sleep 1000");
  slow.timeout = 1;
  const auto far = std::chrono::steady_clock::now() + std::chrono::hours(1);
  EXPECT_THAT(RunHooks("p", {slow}, {.id = "c"}, HookFailure::kStops, far).message(),
              HasSubstr("timed out"));
  slow.timeout = 1000;
  const auto near = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  EXPECT_THAT(RunHooks("p", {slow}, {.id = "c"}, HookFailure::kStops, near).message(),
              HasSubstr("timed out"));
}

}  // namespace
}  // namespace container
