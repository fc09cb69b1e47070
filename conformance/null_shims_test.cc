// SPDX-License-Identifier: Apache-2.0
// The judge against one program that is no shim: nothing passes, everything is accounted for, the
// run ends, and nothing is left. `shimgauge selftest null` does the same with all of them.
#include <absl/strings/match.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/unique_fd.h"

namespace {

using base::testing::RunResult;
using ::testing::HasSubstr;
using ::testing::Not;

class NullShimsTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes worlds";
  }

  std::string Shim(const std::string& subject) {
    base::testing::WriteFile(temp_.File("shim"),
                             "#!/bin/sh\nexec " NULL_SHIM " --subject=" + subject + " \"$@\"\n",
                             0755);
    return temp_.File("shim");
  }

  base::SpawnSpec Judge(const std::string& shim) {
    base::SpawnSpec spec;
    spec.path = SHIMGAUGE;
    // The engine plays no part: nothing gets as far as that.
    base::testing::WriteFile(temp_.File("p.toml"),
                             "schema = 1\n[claims]\nexec = true\nterminal = true\n");
    spec.argv = {"shimgauge",          "run",      "--shim", shim, "--profile",
                 temp_.File("p.toml"), "--report", "jsonl=-"};
    return spec;
  }
};

TEST_F(NullShimsTest, NothingPassesOnOneThatIsAlwaysContent) {
  const absl::StatusOr<RunResult> result =
      base::testing::RunToExit(Judge(Shim("ok-empty-to-everything")));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->status.code, 1) << result->out.substr(0, 4000) << result->err;
  EXPECT_THAT(result->out, Not(HasSubstr(R"("actual":"pass")")));
  EXPECT_THAT(result->out, HasSubstr(R"("counts":{"pass":0,)"));
  EXPECT_THAT(result->out, HasSubstr(R"("error":0,)"));
  EXPECT_THAT(result->out, HasSubstr(R"("notrun":0)"));
  EXPECT_THAT(result->out, HasSubstr(R"("complete":true)"));
}

TEST_F(NullShimsTest, CtrlCEndsARunAgainstASleeper) {
  absl::StatusOr<base::testing::Pipe> pipe = base::testing::MakePipe();
  ASSERT_TRUE(pipe.ok()) << pipe.status();
  base::SpawnSpec spec = Judge(Shim("sleeper"));
  spec.fds = {{.source = pipe->write.get(), .target = STDOUT_FILENO}};
  const absl::StatusOr<base::Child> judge = base::Spawn(spec);
  ASSERT_TRUE(judge.ok()) << judge.status();
  pipe->write.reset();
  std::string line;
  do {
    line = base::testing::ReadLine(pipe->read);
    ASSERT_FALSE(line.empty()) << "ended before a check was started";
  } while (!absl::StrContains(line, R"("t":"check.start")"));
  ASSERT_EQ(base::SendSignal(judge->pidfd, SIGINT), absl::OkStatus());
  const std::string rest = base::testing::ReadToEof(pipe->read);
  const absl::StatusOr<base::ExitStatus> status = base::testing::WaitForExit(judge->pid);
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->code, 130);
  EXPECT_THAT(rest, HasSubstr(R"("actual":"notrun")"));
  EXPECT_THAT(rest, HasSubstr(R"("complete":false)"));
}

}  // namespace
