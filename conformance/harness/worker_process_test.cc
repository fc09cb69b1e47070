// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/worker_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>

#include "base/testing/leak_guard.h"
#include "conformance/harness/cgroup_tree.h"
#include "conformance/harness/mount_table.h"
#include "conformance/harness/toy_judge.h"

namespace conformance {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::chrono::minutes kNoBudget{10};

// Worlds of toy checks. Every test ends with the host as it was.
class WorkerProcessTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: makes worlds";
    reaper_ = *base::ChildReaper::Create(loop_);
    cgroup_parent_ = "/shimgauge-test-" + std::to_string(::getpid());
    mounts_ = ReadMountTable()->size();
  }
  void TearDown() override {
    if (reaper_ == nullptr) return;
    EXPECT_EQ(ReadMountTable()->size(), mounts_);
    EXPECT_THAT(CgroupTree::Open(cgroup_parent_)->Below(), IsEmpty());
    CgroupTree::Open(cgroup_parent_)->Remove();
  }

  WorkerJob Job(const std::string& check) {
    WorkerJob job;
    job.check = check;
    job.world.cgroup_parent = cgroup_parent_ + "/1";
    job.world.shim = temp_.File("shim");
    job.world.fixtures = temp_.path();
    job.world.keep = {temp_.path()};
    job.world.ns = "n";
    base::testing::WriteFile(temp_.File("shim"), "", 0755);
    return job;
  }

  // Runs a worker to its end; `meanwhile` is called once it runs.
  WorkerEnd Run(const WorkerJob& job, std::chrono::milliseconds budget = kNoBudget,
                const std::function<void(WorkerProcess&)>& meanwhile = nullptr) {
    std::optional<WorkerEnd> end;
    auto worker = WorkerProcess::Start(loop_, *reaper_, WorkerCommand(), job, budget,
                                       [&end](WorkerEnd ended) { end = std::move(ended); });
    EXPECT_TRUE(worker.ok()) << worker.status();
    if (meanwhile != nullptr) meanwhile(**worker);
    while (!end) loop_.run_one();
    return *std::move(end);
  }

  std::vector<Remainder> LeftBy(const std::string& check) {
    WorkerEnd end = Run(Job(check));
    EXPECT_TRUE(end.report.has_value()) << end.error_text << end.protocol_error;
    if (!end.report) return {};
    EXPECT_EQ(end.report->outcome.verdict, Verdict::kPass);
    EXPECT_THAT(end.remained, IsEmpty());
    return end.report->left;
  }

  boost::asio::io_context loop_{1};
  std::unique_ptr<base::ChildReaper> reaper_;
  std::string cgroup_parent_;
  std::size_t mounts_ = 0;
};

MATCHER_P2(Is, code, text, "") {
  return arg.code == code && arg.text.find(text) != std::string::npos;
}

TEST_F(WorkerProcessTest, ReportsAnOutcome) {
  const WorkerEnd end = Run(Job("toy/passes"));
  ASSERT_TRUE(end.report.has_value()) << end.error_text << end.protocol_error;
  EXPECT_EQ(end.report->kind, WorkerMessage::Kind::kOutcome);
  EXPECT_EQ(end.report->outcome.verdict, Verdict::kPass);
  EXPECT_THAT(end.report->left, IsEmpty());
  EXPECT_GT(end.report->cpu_us, 0);
  EXPECT_EQ(end.exit.code, 0);
  EXPECT_FALSE(end.killed || end.over_budget);
}

TEST_F(WorkerProcessTest, ReportsAProbe) {
  const WorkerEnd end = Run(Job(""));
  ASSERT_TRUE(end.report.has_value()) << end.error_text;
  EXPECT_EQ(end.report->kind, WorkerMessage::Kind::kProbe);
  EXPECT_TRUE(end.report->subject.usable());
}

TEST_F(WorkerProcessTest, AWorldIsPrivateAndComplete) {
  ::setenv("XDG_RUNTIME_DIR", "/run/user/0", 1);
  const WorkerEnd end = Run(Job("toy/inspects"));
  ASSERT_TRUE(end.report.has_value()) << end.error_text;
  EXPECT_THAT(end.report->outcome.whys, IsEmpty())
      << (end.report->outcome.whys.empty() ? "" : end.report->outcome.whys[0].text);
}

TEST_F(WorkerProcessTest, AShimInTheHiddenRootItselfStaysVisible) {
  WorkerJob job = Job("toy/inspects");
  char path[] = "/tmp/shimXXXXXX";
  const base::UniqueFd file(::mkstemp(path));
  ASSERT_TRUE(file.ok());
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  job.world.shim = path;
  job.world.keep.emplace_back(path);
  const WorkerEnd end = Run(job);
  std::filesystem::remove(path);
  ASSERT_TRUE(end.report.has_value()) << end.error_text;
  EXPECT_THAT(end.report->outcome.whys, IsEmpty());
  EXPECT_THAT(end.report->left, IsEmpty());
}

TEST_F(WorkerProcessTest, TheAuditNamesWhatIsLeft) {
  EXPECT_THAT(LeftBy("toy/leaves-mount"),
              ElementsAre(Is(why::kLeftMount, "tmpfs on /run/shimgauge/bundles/c1")));
  EXPECT_THAT(LeftBy("toy/leaves-socket"),
              ElementsAre(Is(why::kLeftSocket, "/run/containerd/s/s")));
  EXPECT_THAT(LeftBy("toy/leaves-files"),
              ElementsAre(Is(why::kLeftFile, "engine state /run/containerd/runc/ns/c1"),
                          Is(why::kLeftFile, "/run/shimgauge/tmp/pty1"),
                          Is(why::kLeftFile, "/tmp/runc-process1")));
}

TEST_F(WorkerProcessTest, TheAuditNamesProcessesAndTheyDieWithTheWorld) {
  EXPECT_THAT(LeftBy("toy/leaves-process"), ElementsAre(Is(why::kLeftProcess, "container c1 ")));
}

TEST_F(WorkerProcessTest, TheAuditNamesCgroupsAndTheRunnerRemovesThem) {
  if (CgroupMode() == "none") GTEST_SKIP() << "no cgroup hierarchy is mounted";
  EXPECT_THAT(LeftBy("toy/leaves-cgroup"), ElementsAre(Is(why::kLeftCgroup, "cgroup c1 in ")));
}

TEST_F(WorkerProcessTest, AFrozenProcessDoesNotKeepTheWorldAlive) {
  if (CgroupMode() == "none") GTEST_SKIP() << "no cgroup hierarchy is mounted";
  EXPECT_THAT(LeftBy("toy/freezes"), Contains(Is(why::kLeftProcess, "container c1 ")));
}

TEST_F(WorkerProcessTest, ADeadWorkerLeavesItsExit) {
  const WorkerEnd end = Run(Job("toy/aborts"));
  EXPECT_FALSE(end.report.has_value());
  EXPECT_EQ(end.exit.code, 77);
}

TEST_F(WorkerProcessTest, ABabblingWorkerIsKilled) {
  const WorkerEnd end = Run(Job("toy/babbles"));
  EXPECT_THAT(end.protocol_error, HasSubstr("no JSON: hello"));
  EXPECT_EQ(end.exit.signal, SIGKILL);
}

TEST_F(WorkerProcessTest, OverBudgetTellsWhatTheShimOwed) {
  // Ample time to come up; the check itself never ends.
  const WorkerEnd end = Run(Job("toy/waits"), std::chrono::seconds(5));
  EXPECT_TRUE(end.over_budget);
  EXPECT_EQ(end.waiting_for, "Wait c1: reply");
  EXPECT_THAT(end.activity, ElementsAre(Field(&WorkerEnd::Activity::text, "Wait c1: reply")));
}

TEST_F(WorkerProcessTest, KillEndsTheWorld) {
  const WorkerEnd end =
      Run(Job("toy/spins"), kNoBudget, [](WorkerProcess& worker) { worker.Kill(); });
  EXPECT_TRUE(end.killed);
  EXPECT_EQ(end.exit.signal, SIGKILL);
  EXPECT_FALSE(end.report.has_value());
}

TEST_F(WorkerProcessTest, AnUnknownCheckAndAHiddenFileThatIsMissingAreReported) {
  const WorkerEnd unknown = Run(Job("toy/none"));
  ASSERT_TRUE(unknown.report.has_value());
  EXPECT_EQ(unknown.report->kind, WorkerMessage::Kind::kFailed);
  EXPECT_EQ(unknown.report->text, "no check toy/none");
  WorkerJob job = Job("toy/passes");
  job.world.keep = {"/tmp/no/such/place"};
  const WorkerEnd missing = Run(job);
  ASSERT_TRUE(missing.report.has_value());
  EXPECT_THAT(missing.report->text, HasSubstr("open /tmp/no/such/place"));
}

TEST_F(WorkerProcessTest, AProgramThatCannotRunIsAnErrorAtOnce) {
  WorkerCommand command;
  command.path = "/no/such/judge";
  EXPECT_FALSE(
      WorkerProcess::Start(loop_, *reaper_, command, Job("x"), kNoBudget, [](WorkerEnd) {}).ok());
}

}  // namespace
}  // namespace conformance
