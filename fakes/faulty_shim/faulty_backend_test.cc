// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/faulty_backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <optional>

#include "base/child_reaper.h"
#include "base/log.h"
#include "base/testing/temp_dir.h"
#include "fakes/faulty_shim/testing/test_plan.h"
#include "reference-shim/tests/fake_backend.h"

namespace fakes {
namespace {

using shim::testing::FakeBackend;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A backend behind rules, and one container in it.
class FaultyBackendTest : public ::testing::Test {
 protected:
  void Make(std::vector<std::string> rules) {
    plan_.emplace(std::move(rules));
    auto real = std::make_unique<FakeBackend>(loop_);
    real_ = real.get();
    backend_ =
        MakeFaultyBackend(std::move(real), **plan_,
                          {.loop = loop_, .reaper = *reaper_, .log = log_, .namespace_name = "n"});
  }
  void Create() {
    shim::CreateSpec spec;
    spec.id = "c";
    spec.on_exit = [this](const base::ExitStatus& status) {
      exits_.push_back(status.ShellStatus());
    };
    spec.on_oom = [this] { ++ooms_; };
    backend_->Create(std::move(spec), [this](absl::StatusOr<std::unique_ptr<shim::Workload>> made) {
      ASSERT_TRUE(made.ok()) << made.status();
      workload_ = *std::move(made);
    });
    Run();
  }
  std::unique_ptr<shim::ExecWorkload> Exec(const std::string& json = "{}") {
    shim::ExecSpec spec;
    spec.exec_id = "e";
    spec.process_json = json;
    spec.on_exit = [this](const base::ExitStatus& status) {
      exits_.push_back(status.ShellStatus());
    };
    return *workload_->Exec(std::move(spec));
  }
  absl::Status Signal(int signo, shim::SignalScope scope = shim::SignalScope::kProcess) {
    return Await([&](shim::Done<> done) { workload_->Signal(signo, scope, std::move(done)); });
  }
  absl::Status Await(const std::function<void(shim::Done<>)>& verb) {
    absl::Status result = absl::UnknownError("not answered");
    verb([&result](absl::Status status) { result = std::move(status); });
    Run();
    return result;
  }
  absl::StatusOr<pid_t> Start(const std::function<void(shim::Done<pid_t>)>& start) {
    absl::StatusOr<pid_t> result = absl::UnknownError("not answered");
    start([&result](absl::StatusOr<pid_t> pid) { result = std::move(pid); });
    Run();
    return result;
  }
  absl::StatusOr<pid_t> StartInit() {
    return Start([this](shim::Done<pid_t> done) { workload_->Start(std::move(done)); });
  }
  // Whatever is ready; with a rule that delays something, long enough for that.
  void Run() {
    loop_.restart();
    loop_.run_for(std::chrono::milliseconds(100));
  }

  boost::asio::io_context loop_;
  std::unique_ptr<base::ChildReaper> reaper_ = *base::ChildReaper::Create(loop_);
  base::Log log_{STDERR_FILENO, base::LogLevel::kError};
  std::optional<TestPlan> plan_;
  FakeBackend* real_ = nullptr;
  std::unique_ptr<shim::Backend> backend_;
  std::unique_ptr<shim::Workload> workload_;
  std::vector<unsigned> exits_;
  int ooms_ = 0;
};

TEST_F(FaultyBackendTest, WithoutAFiringRuleEverythingPasses) {
  Make({"skip signal-task signal=64"});
  Create();
  EXPECT_TRUE(StartInit().ok());
  EXPECT_TRUE(Signal(SIGTERM).ok());
  real_->Oom("c");
  real_->ExitInit("c", 3);
  EXPECT_TRUE(Await([this](shim::Done<> done) { workload_->Delete(std::move(done)); }).ok());
  EXPECT_THAT(real_->calls, ElementsAre("create c", "start c", "signal c 15", "delete c"));
  EXPECT_THAT(exits_, ElementsAre(3u));
  EXPECT_EQ(ooms_, 1);
  EXPECT_EQ(plan_->Journal(), "");
}

TEST_F(FaultyBackendTest, SignalsAreForgottenDoubledAndChanged) {
  Make({"skip signal-task signal=1", "twice signal-task signal=2",
        "alter signal-task signal=15 to=9 reach=all", "fail signal-task signal=3 code=5"});
  Create();
  EXPECT_TRUE(Signal(SIGHUP).ok());
  EXPECT_TRUE(Signal(SIGINT).ok());
  EXPECT_TRUE(absl::IsNotFound(Signal(SIGQUIT)));
  EXPECT_TRUE(Signal(SIGTERM).ok());
  EXPECT_THAT(real_->calls, ElementsAre("create c", "signal c 2", "signal c 2", "signal c 9 all"));
}

TEST_F(FaultyBackendTest, AnExecsSignalGoesToTheInit) {
  Make({"alter signal-task of=exec reach=init"});
  Create();
  const auto exec = Exec();
  ASSERT_TRUE(Start([&](shim::Done<pid_t> done) { exec->Start(std::move(done)); }).ok());
  EXPECT_TRUE(Await([&](shim::Done<> done) { exec->Signal(SIGUSR1, std::move(done)); }).ok());
  EXPECT_THAT(real_->calls, Contains("signal c 10"));
  EXPECT_THAT(real_->calls, Not(Contains(HasSubstr("signal-exec"))));
}

TEST_F(FaultyBackendTest, StatusesAreMisread) {
  Make({"alter exit decode=signal-only nth=1", "alter exit decode=no-signal nth=1",
        "alter exit decode=wait-status nth=1", "alter exit decode=low-bits nth=1",
        "alter exit status=255 nth=1"});
  for (int i = 0; i < 5; ++i) {
    workload_.reset();
    Create();
    real_->ExitInit("c", i < 2 ? 0 : 130, i < 2 ? SIGKILL : 0);
  }
  EXPECT_THAT(exits_, ElementsAre(9u, 128u, 130u << 8, 2u, 255u));
}

TEST_F(FaultyBackendTest, ExitsAndOomsGetLostOrComeByThemselves) {
  Make({"lose exit of=init", "lose oom", "invent exit of=exec ms=1"});
  Create();
  const auto exec = Exec();
  ASSERT_TRUE(Start([&](shim::Done<pid_t> done) { exec->Start(std::move(done)); }).ok());
  EXPECT_THAT(exits_, ElementsAre(0u));
  real_->Oom("c");
  EXPECT_EQ(ooms_, 0);
  real_->ExitInit("c", 3);
  EXPECT_THAT(exits_, ElementsAre(0u));
}

TEST_F(FaultyBackendTest, AnExitComesLate) {
  Make({"late exit of=init ms=3 poll=1"});
  Create();
  real_->ExitInit("c", 3);
  EXPECT_THAT(exits_, IsEmpty());
  Run();
  EXPECT_THAT(exits_, ElementsAre(3u));
}

TEST_F(FaultyBackendTest, StartsFailAreSkippedAndSpoiled) {
  Make({"fail start of=init code=9 nth=1", "skip start of=init nth=1", "spoil start of=init code=2",
        "late start of=exec ms=1"});
  Create();
  EXPECT_TRUE(absl::IsFailedPrecondition(StartInit().status()));
  EXPECT_TRUE(StartInit().ok());
  EXPECT_THAT(real_->calls, Not(Contains("start c")));
  EXPECT_TRUE(absl::IsUnknown(StartInit().status()));
  EXPECT_THAT(real_->calls, Contains("start c"));
  const auto exec = Exec();
  EXPECT_TRUE(Start([&](shim::Done<pid_t> done) { exec->Start(std::move(done)); }).ok());
}

TEST_F(FaultyBackendTest, AStartIsAnsweredBeforeItIsDone) {
  Make({"early start of=init"});
  Create();
  real_->Hold("start");
  EXPECT_TRUE(StartInit().ok());
  EXPECT_EQ(real_->Held("start"), 1u);
  real_->Release("start");
}

TEST_F(FaultyBackendTest, SlowdownsChangeNoAnswer) {
  Make({"fork exec", "visit bundles times=2"});
  Create();
  const auto exec = Exec();
  EXPECT_TRUE(Start([&](shim::Done<pid_t> done) { exec->Start(std::move(done)); }).ok());
  EXPECT_EQ(plan_->Journal(), "test visit bundles times=2\ntest fork exec\n");
}

TEST_F(FaultyBackendTest, VerbsAreAnsweredAndNotDone) {
  Make({"skip pause", "skip resume", "skip update", "skip checkpoint", "skip delete",
        "skip reclaim"});
  Create();
  using shim::Done;
  EXPECT_TRUE(Await([this](Done<> done) { workload_->Pause(std::move(done)); }).ok());
  EXPECT_TRUE(Await([this](Done<> done) { workload_->Resume(std::move(done)); }).ok());
  EXPECT_TRUE(Await([this](Done<> done) { workload_->Update("{}", std::move(done)); }).ok());
  EXPECT_TRUE(Await([this](Done<> done) { workload_->Checkpoint({}, std::move(done)); }).ok());
  EXPECT_TRUE(Await([this](Done<> done) { workload_->Delete(std::move(done)); }).ok());
  EXPECT_TRUE(Await([this](Done<> done) { backend_->Reclaim({"c", "/b"}, std::move(done)); }).ok());
  EXPECT_THAT(real_->calls, ElementsAre("create c"));
}

TEST_F(FaultyBackendTest, DeleteIsAnsweredEarlyAndGoesOn) {
  Make({"early delete"});
  Create();
  real_->Hold("delete");
  EXPECT_TRUE(Await([this](shim::Done<> done) { workload_->Delete(std::move(done)); }).ok());
  workload_.reset();
  EXPECT_EQ(real_->Held("delete"), 1u);
  real_->Release("delete");
}

TEST_F(FaultyBackendTest, ReclaimNeedsAFile) {
  const base::testing::TempDir bundle;
  Make({"fail reclaim missing=config.json code=2"});
  const auto reclaim = [&] {
    return Await([&](shim::Done<> done) {
      backend_->Reclaim({.id = "c", .bundle = bundle.path()}, std::move(done));
    });
  };
  EXPECT_TRUE(absl::IsUnknown(reclaim()));
  base::testing::WriteFile(bundle.File("config.json"), "{}");
  EXPECT_TRUE(reclaim().ok());
}

TEST_F(FaultyBackendTest, WhatIsSaidOfTheContainerIsWrong) {
  Make({"alter pids show=shim nth=1", "alter pids show=none nth=1", "alter capabilities lose=pause",
        "empty sample"});
  EXPECT_FALSE(backend_->capabilities().pause);
  EXPECT_TRUE(backend_->capabilities().exec);
  Create();
  std::vector<pid_t> pids;
  const auto list = [&](absl::StatusOr<std::vector<pid_t>> listed) { pids = *listed; };
  workload_->Pids(list);
  Run();
  EXPECT_THAT(pids, Contains(::getpid()));
  workload_->Pids(list);
  Run();
  EXPECT_THAT(pids, IsEmpty());
  std::optional<shim::Opaque> sample;
  workload_->Sample([&](absl::StatusOr<shim::Opaque> taken) { sample = *taken; });
  Run();
  ASSERT_TRUE(sample.has_value());
  EXPECT_EQ(sample->value, "");
}

TEST_F(FaultyBackendTest, CreateNeedsAMemberOfTheSpec) {
  const base::testing::TempDir bundle;
  base::testing::WriteFile(bundle.File("config.json"), R"({"annotations":{}})");
  Make({"fail create missing=/process/env code=13", "crash create missing=/annotations"});
  absl::Status result;
  shim::CreateSpec spec;
  spec.bundle = bundle.path();
  backend_->Create(
      std::move(spec),
      [&result](absl::StatusOr<std::unique_ptr<shim::Workload>> made) { result = made.status(); });
  EXPECT_TRUE(absl::IsInternal(result)) << result;
  EXPECT_THAT(real_->calls, IsEmpty());
}

TEST_F(FaultyBackendTest, AMemberOfTheProcessIsNotPassedOn) {
  Make({"erase exec-spec member=/user/gid"});
  Create();
  const auto exec = Exec(R"({"cwd":"/","user":{"gid":7,"uid":8}})");
  EXPECT_EQ(real_->Exec("c", "e").process_json, R"({"cwd":"/","user":{"uid":8}})");
}

TEST_F(FaultyBackendTest, ADescriptorStays) {
  Make({"leak create what=fd"});
  const int before = ::dup(STDERR_FILENO);
  ::close(before);
  Create();
  const int after = ::dup(STDERR_FILENO);
  ::close(after);
  EXPECT_GT(after, before);
}

}  // namespace
}  // namespace fakes
