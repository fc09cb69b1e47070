// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/facts.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <csignal>

#include "base/fork.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"

namespace conformance {
namespace {

class FactsTest : public base::testing::ProcessTest {
 protected:
  std::string Program(const std::string& script) {
    const std::string path = temp_.File("program");
    base::testing::WriteFile(path, "#!/bin/sh\n" + script + "\n", 0755);
    return path;
  }
};

TEST_F(FactsTest, TheVersionOfAShimAndOfAnEngine) {
  EXPECT_EQ(
      AskVersion(Program("[ \"$1\" = -v ] && printf 'shim:\\n  Version:  1.6.20~ds1\\n'"), "-v"),
      "1.6.20~ds1");
  EXPECT_EQ(AskVersion(Program("echo runc version 1.1.5+ds1; echo spec: 1.0"), "--version"),
            "1.1.5+ds1");
  EXPECT_EQ(AskVersion(Program("printf 7"), "-v"), "7");
}

TEST_F(FactsTest, TheProgramWorksInTheRootDirectory) {
  EXPECT_EQ(AskVersion(Program("[ \"$(pwd)\" = / ] && echo 1.0"), "-v"), "1.0");
}

TEST_F(FactsTest, AProgramThatIsNotDoneInTimeHasNoVersionAndIsEnded) {
  EXPECT_EQ(AskVersion(Program("echo 1.0; exec sleep 30"), "-v"), "");
}

TEST_F(FactsTest, TheProgramEndsWithWhoAsks) {
  const std::string fifo = temp_.File("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const base::UniqueFd alive(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(alive.ok());
  const std::string program =
      Program("exec 3>" + fifo + "; echo asked >&3; kill -9 $PPID; exec sleep 30");
  const absl::StatusOr<base::Fork> asking = base::RunInFork([&program] {
    AskVersion(program, "-v");
    return absl::OkStatus();
  });
  ASSERT_TRUE(asking.ok()) << asking.status();
  EXPECT_EQ(base::testing::WaitForExit(asking->child.pid)->signal, SIGKILL);
  pollfd gone{.fd = alive.get(), .events = 0, .revents = 0};
  EXPECT_EQ(::poll(&gone, 1, 20000), 1);
  EXPECT_EQ(base::testing::ReadLine(alive), "asked\n");
}

TEST_F(FactsTest, AProgramThatSaysNothingHasNone) {
  EXPECT_EQ(AskVersion(Program("exit 3"), "-v"), "");
  EXPECT_EQ(AskVersion(Program("echo usage"), "-v"), "");
  EXPECT_EQ(AskVersion(temp_.File("absent"), "-v"), "");
}

TEST_F(FactsTest, HostAndEngineAreKnownWithoutRunningAnything) {
  HostInfo host;
  host.kernel = "linux 6.12.1";
  host.cgroup_mode = "v2";
  host.root = true;
  Profile profile;
  profile.engine = "/usr/bin/crun";
  const Facts facts = HostFacts(host, profile);
  EXPECT_EQ(facts.at("engine"), "crun");
  EXPECT_EQ(facts.at("host.cgroup"), "v2");
  EXPECT_EQ(facts.at("host.priv"), "root");
  profile.engine = "";
  host.root = false;
  EXPECT_EQ(HostFacts(host, profile).at("engine"), "none");
  EXPECT_EQ(HostFacts(host, profile).at("host.priv"), "userns");
  profile.engine = "runc";
  EXPECT_EQ(HostFacts(host, profile).at("engine"), "runc");
}

}  // namespace
}  // namespace conformance
