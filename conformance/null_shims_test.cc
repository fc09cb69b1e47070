// SPDX-License-Identifier: Apache-2.0
// The judge against programs that are no shims: nothing passes, everything is accounted for, the
// run ends, and nothing is left.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <iostream>

#include "base/pidfd.h"
#include "base/spawn.h"
#include "base/testing/child_main.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "base/unique_fd.h"

namespace {

using base::testing::RunResult;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kClosingSocket[] = "/run/containerd/s/closing";

// A daemon that accepts connections and closes each.
int ClosingServer(const std::vector<std::string>&) {
  for (;;) {
    const base::UniqueFd connection(::accept4(3, nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.ok()) return 1;
  }
}

// `start` of a shim whose daemon is ClosingServer; every other action does nothing.
int ClosingShim(const std::vector<std::string>& args) {
  if (args.empty() || args.back() != "start") return 0;
  struct sockaddr_un address {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, kClosingSocket, sizeof address.sun_path - 1);
  ::unlink(kClosingSocket);
  const base::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(listener.get(), reinterpret_cast<const struct sockaddr*>(&address), sizeof address) !=
          0 ||
      ::listen(listener.get(), 16) != 0) {
    return 1;
  }
  base::SpawnSpec server = base::testing::ChildProcess("closing-server");
  server.fds = {{.source = listener.get(), .target = 3}};
  if (!base::Spawn(server).ok()) return 1;
  std::cout << "unix://" << kClosingSocket << std::endl;
  return 0;
}

class NullShimsTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes worlds";
  }

  std::string Script(const std::string& text) {
    base::testing::WriteFile(temp_.File("shim"), "#!/bin/sh\n" + text + "\n", 0755);
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

  // No check passes, all are accounted for, the verdict is red.
  void ExpectNothingPasses(const std::string& shim) {
    const absl::StatusOr<RunResult> result = base::testing::RunToExit(Judge(shim));
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->status.code, 1) << result->out.substr(0, 4000) << result->err;
    EXPECT_THAT(result->out, Not(HasSubstr(R"("actual":"pass")")));
    EXPECT_THAT(result->out, HasSubstr(R"("counts":{"pass":0,)"));
    EXPECT_THAT(result->out, HasSubstr(R"("error":0,)"));
    EXPECT_THAT(result->out, HasSubstr(R"("notrun":0)"));
    EXPECT_THAT(result->out, HasSubstr(R"("complete":true)"));
  }
};

TEST_F(NullShimsTest, True) { ExpectNothingPasses("/bin/true"); }
TEST_F(NullShimsTest, Cat) { ExpectNothingPasses("/bin/cat"); }
TEST_F(NullShimsTest, Sleeper) { ExpectNothingPasses(Script("exec sleep 100000")); }
TEST_F(NullShimsTest, OneThatClosesEachConnection) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  ExpectNothingPasses(Script(absl::StrCat("exec ", self, " --child=closing-shim \"$@\"")));
}

TEST_F(NullShimsTest, CtrlCEndsARunAgainstASleeper) {
  absl::StatusOr<base::testing::Pipe> pipe = base::testing::MakePipe();
  ASSERT_TRUE(pipe.ok()) << pipe.status();
  base::SpawnSpec spec = Judge(Script("exec sleep 100000"));
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

int main(int argc, char** argv) {
  return base::testing::RunTestsOrChild(
      argc, argv, {{"closing-shim", &ClosingShim}, {"closing-server", &ClosingServer}});
}
