// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/processes_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <string>

#include "base/spawn.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "conformance/harness/processes_watch.h"
#include "conformance/harness/shim_under_test_daemons.h"
#include "fakes/containerd/testing/run_until.h"

namespace conformance {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ProcessesTest : public base::testing::ProcessTest {
 protected:
  ProcessesTest() {
    auto ready = base::testing::MakePipe();
    auto never = base::testing::MakePipe();
    EXPECT_TRUE(ready.ok() && never.ok());
    base::SpawnSpec spec;
    spec.path = "/bin/sh";
    spec.argv = {"sh", "-c", kScript};
    spec.fds = {{never->read.get(), 0}, {ready->write.get(), 1}};
    auto child = base::Spawn(spec);
    EXPECT_TRUE(child.ok()) << child.status();
    child_ = *std::move(child);
    hold_ = std::move(never->write);
    // The image runs for certain once it has spoken.
    EXPECT_EQ(base::testing::ReadLine(ready->read), "ready\n");
  }
  ~ProcessesTest() override {
    ::kill(child_.pid, SIGKILL);
    (void)base::testing::WaitForExit(child_.pid);
  }
  static constexpr char kScript[] = "echo ready; read _";

  base::UniqueFd hold_;  // what the child waits for, and never gets
  base::Child child_;
  ProcView view_;
};

TEST_F(ProcessesTest, FindsAProcessAndItsParts) {
  const auto info = view_.Find(child_.pid);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->parent, ::getpid());
  EXPECT_EQ(info->group, child_.pid);
  EXPECT_EQ(info->name, "sh");
  EXPECT_THAT(info->argv, ElementsAre("sh", "-c", kScript));
  EXPECT_THAT(view_.ChildrenOf(::getpid()), Contains(Field(&ProcessInfo::pid, child_.pid)));
  EXPECT_THAT(view_.All(), Contains(Field(&ProcessInfo::pid, child_.pid)));
  EXPECT_EQ(view_.Fds(child_.pid)[2], "/dev/null");
  EXPECT_EQ(view_.ThreadCount(child_.pid), 1u);
  EXPECT_THAT(view_.NamespaceLink(child_.pid, "mnt"), StartsWith("mnt:["));
  EXPECT_EQ(view_.StatusField(child_.pid, "status", "Name"), "sh");
  EXPECT_EQ(view_.FirstLine(child_.pid, "comm"), "sh");
}

TEST_F(ProcessesTest, NothingIsKnownOfNobody) {
  constexpr pid_t kNobody = 0x7fffffff;
  EXPECT_FALSE(view_.Find(kNobody).has_value());
  EXPECT_THAT(view_.Fds(kNobody), IsEmpty());
  EXPECT_EQ(view_.ThreadCount(kNobody), 0u);
  EXPECT_EQ(view_.ReadProc(kNobody, "status"), "");
  EXPECT_THAT(view_.CgroupPids(kNobody), IsEmpty());
  EXPECT_THAT(ProcessEvidence(kNobody), IsEmpty());
}

TEST_F(ProcessesTest, EvidenceTellsWhatAProcessIsDoing) {
  const std::vector<std::string> evidence = ProcessEvidence(child_.pid);
  EXPECT_THAT(evidence, Contains(HasSubstr(" (sh): ")));
  EXPECT_THAT(evidence, Contains("fd 2 -> /dev/null"));
}

TEST_F(ProcessesTest, MountsBelowAPathOnly) {
  EXPECT_THAT(view_.MountsBelow("/"), IsEmpty());  // "//" is below nothing
  EXPECT_THAT(view_.MountsBelow(temp_.path()), IsEmpty());
}

TEST_F(ProcessesTest, WatchTellsTheEndOfAProcess) {
  boost::asio::io_context loop;
  int told = 0;
  auto watch = ProcessWatch::Open(loop, child_.pid, [&] { ++told; });
  ASSERT_TRUE(watch.ok()) << watch.status();
  loop.poll();
  EXPECT_FALSE((*watch)->HasExited());
  EXPECT_EQ(told, 0);
  ::kill(child_.pid, SIGKILL);
  ASSERT_TRUE(fakes::testing::RunUntil(loop, [&] { return told == 1; }));
  EXPECT_TRUE((*watch)->HasExited());
}

TEST_F(ProcessesTest, ADestroyedWatchTellsNothing) {
  boost::asio::io_context loop;
  {
    const auto watch = ProcessWatch::Open(loop, child_.pid, [] { FAIL(); });
    ASSERT_TRUE(watch.ok());
    ::kill(child_.pid, SIGKILL);
  }
  loop.run();
  EXPECT_TRUE(absl::IsNotFound(ProcessWatch::Open(loop, 0x7fffffff, [] {}).status()));
}

}  // namespace
}  // namespace conformance
