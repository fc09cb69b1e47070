// SPDX-License-Identifier: Apache-2.0
// What shim/ relies on (reference-shim/shim/backend.h), asked of every backend in the table.
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/pidfd.h"
#include "base/testing/leak_guard.h"
#include "base/testing/run.h"
#include "container/recorded_process.h"
#include "reference-shim/backends/backends.h"
#include "reference-shim/backends/testing/backend_world.h"
#include "reference-shim/backends/wasm/wasm_host.h"
#include "reference-shim/stage/stage_plan.h"

namespace backends {

void PrintTo(const BackendEntry& entry, std::ostream* out) { *out << entry.name; }

namespace {

using ::base::testing::ReadFile;
using ::base::testing::ReadLine;
using shim::SignalScope;
using ::testing::AllOf;
using testing::BackendWorld;
using testing::Container;
using ::testing::Contains;
using testing::ExecInContainer;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ProcessJson;
using ::testing::SizeIs;

// Why a backend cannot run on this machine; empty if it can.
std::string Obstacle(absl::string_view backend) {
  if (::geteuid() != 0) return "needs root";
  if (backend == "oci") {
    for (const char* path : {"/usr/sbin/runc", "/usr/bin/runc", "/usr/local/sbin/runc"}) {
      if (::access(path, X_OK) == 0) return "";
    }
    return "needs runc";
  }
  if (backend != "wasm") return "";
  if (!FindCompanion(stage::kStageProgram).ok()) return "built without the Wasm engine";
  return ::access(SHIMGAUGE_FIXTURES "/wasm/exit_code.wasm", F_OK) == 0
             ? ""
             : "needs modules, which clang, wasi-libc and wabt make";
}

class BackendContract : public ::testing::TestWithParam<BackendEntry> {
 protected:
  void SetUp() override {
    const std::string obstacle = Obstacle(GetParam().name);
    if (!obstacle.empty()) GTEST_SKIP() << obstacle;
    world_.emplace(GetParam());
  }
  void TearDown() override {
    if (!world_.has_value()) return;
    std::error_code error;
    EXPECT_TRUE(!std::filesystem::exists(world_->EngineRoot()) ||
                std::filesystem::is_empty(world_->EngineRoot(), error))
        << "the engine still knows a container";
    world_.reset();
  }
  BackendWorld& world() { return *world_; }
  // Why a test cannot be run with this backend; empty if it can.
  std::string Lacks(const std::string& program) {
    if (world().HasProgram(program)) return "";
    return absl::StrCat("no module can do what the program ", program, " does");
  }
  // A container that goes on for ever, with children of its init where there can be any.
  std::unique_ptr<Container> Family(const std::string& id) {
    if (!world().HasProgram("spawn_tree")) return std::make_unique<Container>(world(), id, "pause");
    return std::make_unique<Container>(world(), id, "spawn_tree",
                                       std::vector<std::string>{"1", "2"});
  }

  base::testing::LeakGuard leak_guard_;
  std::optional<BackendWorld> world_;
};

TEST_P(BackendContract, TheProgramRunsFromStartOnUnderThePidOfCreate) {
  Container container(world(), "c", "touch", {"/ran"});
  ASSERT_TRUE(container.Create().ok());
  const pid_t pid = container.workload().pid();
  EXPECT_GT(pid, 0);
  EXPECT_EQ(ReadFile(container.bundle() + "/init.pid"), absl::StrCat(pid));
  world().RunReady();
  EXPECT_FALSE(std::filesystem::exists(container.InRootfs("ran"))) << "CREATE-04";
  const auto started = container.Start();
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(*started, pid);
  EXPECT_EQ(container.AwaitExit(), 0U);
  EXPECT_EQ(container.workload().pid(), pid);
  EXPECT_EQ(ReadFile(container.InRootfs("ran")), "touched\n");
}

TEST_P(BackendContract, ExitStatusOfAProgramAndOfASignal) {
  Container code(world(), "code", "exit_code", {"7"});
  ASSERT_TRUE(code.Create().ok());
  ASSERT_TRUE(code.Start().ok());
  EXPECT_EQ(code.AwaitExit(), 7U);
  Container killed(world(), "killed", "pause");
  ASSERT_TRUE(killed.Create().ok());
  ASSERT_TRUE(killed.Start().ok());
  EXPECT_TRUE(killed.Signal(SIGKILL).ok());
  EXPECT_EQ(killed.AwaitExit(), 128U + SIGKILL);
}

TEST_P(BackendContract, EveryShortLifeIsReportedAfterItsStart) {
  constexpr int kLives = 10;
  for (int i = 0; i < kLives; ++i) {
    Container container(world(), absl::StrCat("c", i), "exit_code", {absl::StrCat(i)});
    ASSERT_TRUE(container.Create().ok());
    ASSERT_TRUE(container.Start().ok());
    EXPECT_EQ(container.AwaitExit(), static_cast<unsigned>(i));
    EXPECT_TRUE(container.Delete().ok());
  }
}

TEST_P(BackendContract, StdioIsHandedOver) {
  Container container(world(), "c", "cat");
  ASSERT_TRUE(container.Create().ok());
  ASSERT_TRUE(container.Start().ok());
  ASSERT_EQ(::write(container.io().in_write.get(), "through", 7), 7);
  container.io().in_write.reset();
  EXPECT_EQ(container.AwaitExit(), 0U);
  EXPECT_EQ(container.Output(), "through") << "and nobody else holds the other end (IO-03)";
  EXPECT_EQ(base::testing::ReadToEof(container.io().err_read), "");
}

TEST_P(BackendContract, SignalsReachTheInitUntilItIsGone) {
  if (const std::string why = Lacks("wait_for_signal"); !why.empty()) GTEST_SKIP() << why;
  Container container(world(), "c", "wait_for_signal", {"3"});
  ASSERT_TRUE(container.Create().ok());
  ASSERT_TRUE(container.Start().ok());
  EXPECT_EQ(ReadLine(container.io().out_read), "ready\n");
  EXPECT_TRUE(container.Signal(0).ok()) << "KILL-05";
  EXPECT_EQ(container.Signal(4711).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(container.Signal(SIGUSR1).ok());
  EXPECT_EQ(ReadLine(container.io().out_read), absl::StrCat("signal ", SIGUSR1, "\n"));
  EXPECT_TRUE(container.Signal(SIGTERM).ok());
  EXPECT_EQ(container.AwaitExit(), 3U);
  EXPECT_EQ(container.Signal(SIGTERM).code(), absl::StatusCode::kNotFound) << "KILL-02";
}

TEST_P(BackendContract, AllMeansEveryProcessAndOneMeansOne) {
  if (const std::string why = Lacks("spawn_tree"); !why.empty()) GTEST_SKIP() << why;
  Container container(world(), "c", "spawn_tree", {"2", "2"});
  ASSERT_TRUE(container.Create().ok());
  ASSERT_TRUE(container.Start().ok());
  constexpr std::size_t kProcesses = 7;
  for (std::string line; line != absl::StrCat("ready ", kProcesses, "\n");) {
    line = ReadLine(container.io().out_read);
    ASSERT_NE(line, "");
  }
  const std::vector<pid_t> pids = container.Pids();
  EXPECT_THAT(pids, AllOf(SizeIs(kProcesses), Contains(container.workload().pid())));
  EXPECT_TRUE(container.Signal(0, SignalScope::kAll).ok());
  const auto last = base::OpenPidfd(pids.back());
  ASSERT_TRUE(last.ok());
  ASSERT_TRUE(container.Signal(SIGKILL, SignalScope::kAll).ok());
  EXPECT_EQ(container.AwaitExit(), 128U + SIGKILL);
  EXPECT_TRUE(base::HasExited(*last));
  EXPECT_THAT(container.Pids(), IsEmpty()) << "PIDS-02";
}

TEST_P(BackendContract, AContainerMayBeKilledBeforeItsStart) {
  Container container(world(), "c", "touch", {"/ran"});
  ASSERT_TRUE(container.Create().ok());
  EXPECT_TRUE(container.Signal(SIGKILL).ok());
  EXPECT_EQ(container.AwaitExit(), 128U + SIGKILL) << "KILL-08";
  EXPECT_TRUE(container.Delete().ok());
  EXPECT_FALSE(std::filesystem::exists(container.InRootfs("ran")));
}

TEST_P(BackendContract, APausedContainerStandsStillAndCanBeKilled) {
  if (!world().backend().capabilities().pause) GTEST_SKIP() << "cannot pause";
  Container container(world(), "c", "ticker");
  ASSERT_TRUE(container.Create().ok());
  ASSERT_TRUE(container.Start().ok());
  EXPECT_EQ(ReadLine(container.io().out_read), "tick 1\n");
  EXPECT_TRUE(container.Pause().ok());
  EXPECT_TRUE(container.Resume().ok());
  for (int i = 2; i < 20; ++i)
    EXPECT_EQ(ReadLine(container.io().out_read), absl::StrCat("tick ", i, "\n"));
  EXPECT_TRUE(container.Pause().ok());
  EXPECT_THAT(container.Pids(), SizeIs(1)) << "PAUSE-03";
  EXPECT_TRUE(container.Signal(SIGKILL).ok());
  EXPECT_EQ(container.AwaitExit(), 128U + SIGKILL) << "KILL-08";
}

TEST_P(BackendContract, APausedContainerCanBeKilledAsAWhole) {
  if (!world().backend().capabilities().pause) GTEST_SKIP() << "cannot pause";
  Container container(world(), "c", "pause");
  ASSERT_TRUE(container.Create().ok());
  ASSERT_TRUE(container.Start().ok());
  EXPECT_TRUE(container.Pause().ok());
  EXPECT_TRUE(container.Signal(SIGKILL, SignalScope::kAll).ok());
  EXPECT_EQ(container.AwaitExit(), 128U + SIGKILL);
}

TEST_P(BackendContract, ExecsComeAndGoBesideTheInit) {
  Container container(world(), "c", "pause");
  ASSERT_TRUE(container.Create().ok());
  ASSERT_TRUE(container.Start().ok());
  const std::string pid_file = container.bundle() + "/e1.pid";
  {
    ExecInContainer exec(world(), container, "e1", ProcessJson({world().Program("print_env")}));
    const auto pid = exec.Start();
    ASSERT_TRUE(pid.ok()) << pid.status();
    EXPECT_EQ(ReadFile(pid_file), absl::StrCat(*pid)) << "UND-03";
    EXPECT_EQ(exec.AwaitExit(), 0U);
    EXPECT_THAT(exec.Output(), HasSubstr("COLOUR=blue"));
    EXPECT_EQ(exec.Signal(SIGTERM).code(), absl::StatusCode::kNotFound);
  }
  EXPECT_FALSE(std::filesystem::exists(pid_file)) << "DELETE-07";
  ExecInContainer again(world(), container, "e1", ProcessJson({world().Program("exit_code"), "9"}));
  ASSERT_TRUE(again.Start().ok());
  EXPECT_EQ(again.AwaitExit(), 9U);
  EXPECT_FALSE(container.exited());
}

TEST_P(BackendContract, AnExecIsSignalledAloneAndEndsWithItsObject) {
  Container container(world(), "c", "pause");
  ASSERT_TRUE(container.Create().ok());
  ASSERT_TRUE(container.Start().ok());
  ExecInContainer exec(world(), container, "e", ProcessJson({world().Program("pause")}));
  ASSERT_TRUE(exec.Start().ok());
  EXPECT_TRUE(exec.Signal(SIGTERM).ok());
  EXPECT_EQ(exec.AwaitExit(), 128U + SIGTERM);
  ExecInContainer dropped(world(), container, "d", ProcessJson({world().Program("pause")}));
  const auto pid = dropped.Start();
  ASSERT_TRUE(pid.ok());
  const auto pidfd = base::OpenPidfd(*pid);
  ASSERT_TRUE(pidfd.ok());
  dropped.Drop();
  EXPECT_TRUE(world().RunUntil([&pidfd] { return base::HasExited(*pidfd); }));
  EXPECT_FALSE(dropped.exited()) << "not after destruction";
  EXPECT_FALSE(container.exited()) << "KILL-10";
}

TEST_P(BackendContract, AnExecThatCannotRunSaysWhyAndLeavesNothing) {
  Container container(world(), "c", "pause");
  ASSERT_TRUE(container.Create().ok());
  ASSERT_TRUE(container.Start().ok());
  const std::size_t before = container.Pids().size();
  {
    ExecInContainer exec(world(), container, "e",
                         ProcessJson({world().Program("no/such/program")}));
    const auto pid = exec.Start();
    ASSERT_FALSE(pid.ok());
    EXPECT_THAT(std::string(pid.status().message()),
                AllOf(HasSubstr("exec"), HasSubstr("/no/such/program")));
    world().RunReady();
    EXPECT_FALSE(exec.exited()) << "START-36";
  }
  EXPECT_THAT(container.Pids(), SizeIs(before));
  for (const auto& entry : std::filesystem::directory_iterator(container.bundle())) {
    EXPECT_THAT(entry.path().filename().string(), Not(::testing::StartsWith("e.")));
  }
}

TEST_P(BackendContract, AnExecCalledInitDoesNotTouchTheInit) {
  Container container(world(), "c", "pause");
  ASSERT_TRUE(container.Create().ok());
  ASSERT_TRUE(container.Start().ok());
  ExecInContainer exec(world(), container, "init",
                       ProcessJson({world().Program("exit_code"), "2"}));
  ASSERT_TRUE(exec.Start().ok());
  EXPECT_EQ(exec.AwaitExit(), 2U);
  exec.Drop();
  EXPECT_EQ(ReadFile(container.bundle() + "/init.pid"), absl::StrCat(container.workload().pid()));
}

TEST_P(BackendContract, ManyExecsAtOnceEachEndAsTheyShould) {
  Container container(world(), "c", "pause");
  ASSERT_TRUE(container.Create().ok());
  ASSERT_TRUE(container.Start().ok());
  constexpr std::size_t kExecs = 12;
  struct Running {
    std::unique_ptr<shim::ExecWorkload> exec;
    testing::TestIo io;
    testing::Answer<absl::StatusOr<pid_t>> pid;
    std::optional<base::ExitStatus> exit;
  };
  std::vector<std::unique_ptr<Running>> running;
  for (std::size_t i = 0; i < kExecs; ++i) {
    auto& entry = *running.emplace_back(std::make_unique<Running>());
    auto exec = container.workload().Exec(
        {.exec_id = absl::StrCat("e", i),
         .process_json = ProcessJson({world().Program("exit_code"), absl::StrCat(i)}),
         .io = entry.io.Take(),
         .on_exit = [&entry](const base::ExitStatus& status) {
           EXPECT_TRUE(entry.pid.come()) << "an exit before the completion of Start";
           entry.exit = status;
         }});
    ASSERT_TRUE(exec.ok());
    entry.exec = *std::move(exec);
    entry.exec->Start(entry.pid.Expect());
  }
  for (std::size_t i = 0; i < kExecs; ++i) {
    ASSERT_TRUE(world().RunUntil([&] { return running[i]->exit.has_value(); }));
    EXPECT_TRUE((*running[i]->pid).ok()) << (*running[i]->pid).status();
    EXPECT_EQ(running[i]->exit->ShellStatus(), i);
    EXPECT_EQ(running[i]->exit->pid, **running[i]->pid);
  }
}

TEST_P(BackendContract, AFailedCreateNamesTheProgramAndLeavesNothing) {
  Container container(world(), "c", "pause");
  container.spec.process.args = {world().Program("no/such/program")};
  const absl::Status status = container.Create();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("create"), HasSubstr("/no/such/program")));
  world().RunReady();
  EXPECT_FALSE(container.exited()) << "EVT-22";
  EXPECT_THAT(ReadFile("/proc/self/mountinfo"), Not(HasSubstr(container.bundle())));
}

TEST_P(BackendContract, DeleteEndsWhatStillRuns) {
  Container created(world(), "created", "pause");
  ASSERT_TRUE(created.Create().ok());
  EXPECT_TRUE(created.Delete().ok());
  const std::unique_ptr<Container> family = Family("running");
  Container& running = *family;
  ASSERT_TRUE(running.Create().ok());
  ASSERT_TRUE(running.Start().ok());
  const auto pidfd = base::OpenPidfd(running.workload().pid());
  ASSERT_TRUE(pidfd.ok());
  EXPECT_TRUE(running.Delete().ok());
  EXPECT_TRUE(base::HasExited(*pidfd));
}

TEST_P(BackendContract, TheConsoleOfATerminalArrivesBeforeCreateCompletes) {
  if (!world().backend().capabilities().terminal) GTEST_SKIP() << "no terminals";
  if (const std::string why = Lacks("tty_report"); !why.empty()) GTEST_SKIP() << why;
  Container container(world(), "c", "tty_report");
  container.terminal = true;
  ASSERT_TRUE(container.Create().ok());
  const base::UniqueFd& console = container.io().console;
  ASSERT_TRUE(console.ok());
  const winsize size{.ws_row = 40, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
  ASSERT_EQ(::ioctl(console.get(), TIOCSWINSZ, &size), 0);
  ASSERT_TRUE(container.Start().ok());
  for (const char* line : {"tty 0 yes", "tty 1 yes", "tty 2 yes", "size 40x100", "ready"}) {
    EXPECT_EQ(ReadLine(console), absl::StrCat(line, "\r\n")) << "IO-40, IO-47";
  }
  ExecInContainer exec(world(), container, "e", ProcessJson({world().Program("tty_report")}, true),
                       true);
  ASSERT_TRUE(exec.Start().ok());
  ASSERT_TRUE(exec.io().console.ok());
  EXPECT_EQ(ReadLine(exec.io().console), "tty 0 yes\r\n");
  ASSERT_EQ(::write(exec.io().console.get(), "quit\n", 5), 5);
  EXPECT_EQ(exec.AwaitExit(), 0U);
  for (const auto& entry : std::filesystem::directory_iterator(container.bundle())) {
    EXPECT_FALSE(entry.is_socket()) << entry << " (LEAK-05)";
  }
}

TEST_P(BackendContract, AnOutOfMemoryKillIsToldBeforeTheExit) {
  Container container(world(), "c", "allocate", {"256"});
  container.spec.linux.resources.memory = oci::MemoryResources{.limit = 32 << 20};
  ASSERT_TRUE(container.Create().ok());
  ASSERT_TRUE(container.Start().ok());
  EXPECT_EQ(container.AwaitExit(), 128U + SIGKILL) << "EXIT-03";
  EXPECT_THAT(container.ooms_before_exit(), Ge(1)) << "EVT-29";
  EXPECT_TRUE(container.Sample().ok()) << "STATS-02";
}

TEST_P(BackendContract, AnOutOfMemoryKillOfAChildIsToldWhileTheInitLives) {
  Container container(world(), "c", "pause");
  container.spec.linux.resources.memory = oci::MemoryResources{.limit = 32 << 20};
  ASSERT_TRUE(container.Create().ok());
  ASSERT_TRUE(container.Start().ok());
  ExecInContainer exec(world(), container, "e", ProcessJson({world().Program("allocate"), "256"}));
  ASSERT_TRUE(exec.Start().ok());
  EXPECT_EQ(exec.AwaitExit(), 128U + SIGKILL);
  EXPECT_TRUE(world().RunUntil([&container] { return container.ooms() > 0; })) << "EVT-30";
  EXPECT_FALSE(container.exited());
}

TEST_P(BackendContract, LimitsAreUpdatedAndStatisticsTell) {
  if (!world().backend().capabilities().update) GTEST_SKIP() << "cannot update";
  Container container(world(), "c", "pause");
  ASSERT_TRUE(container.Create().ok());
  const auto before = container.Sample();
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_TRUE(container.Update(R"({"memory":{"limit":67108864}})").ok()) << "UPDATE-01";
  const auto after = container.Sample();
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_THAT(after->type_url,
              ::testing::MatchesRegex("io\\.containerd\\.cgroups\\.v[12]\\.Metrics"));
  EXPECT_NE(before->value, after->value);
  const absl::Status refused = container.Update(R"({"memory":{"limit":"much"}})");
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(std::string(refused.message()), HasSubstr("update")) << "TT-22";
}

TEST_P(BackendContract, ReclaimEndsAndRemovesWhatADeadShimLeft) {
  const std::string id = absl::StrCat("shimgauge-test-", ::getpid(), "-c");
  const std::unique_ptr<Container> family = Family("c");
  Container& container = *family;
  ASSERT_TRUE(container.Create().ok());
  ASSERT_TRUE(container.Start().ok());
  const pid_t pid = container.workload().pid();
  const auto pidfd = base::OpenPidfd(pid);
  ASSERT_TRUE(pidfd.ok());
  container.Abandon();
  world().ReplaceBackend();
  EXPECT_FALSE(base::HasExited(*pidfd)) << "it goes on without a shim";
  for (int i = 0; i < 2; ++i) {
    testing::Answer<absl::Status> answer;
    world().backend().Reclaim({.id = id, .bundle = container.bundle()}, answer.Expect());
    EXPECT_TRUE(world().Await(answer).ok()) << *answer << " (DEL-03, DEL-04)";
    EXPECT_TRUE(base::HasExited(*pidfd));
  }
  // Our child here, which no init that `delete` ends is.
  EXPECT_TRUE(world().RunUntil([pid] { return ::kill(pid, 0) != 0; }));
}

TEST_P(BackendContract, ReclaimOfWhatNeverWasIsFine) {
  for (const std::string& bundle : {world().temp().path(), world().temp().File("gone")}) {
    testing::Answer<absl::Status> answer;
    world().backend().Reclaim({.id = "never", .bundle = bundle}, answer.Expect());
    EXPECT_TRUE(world().Await(answer).ok()) << *answer;
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, BackendContract,
                         ::testing::ValuesIn(AllBackends().begin(), AllBackends().end()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace backends
