// SPDX-License-Identifier: Apache-2.0
// Exits, deletion, shutdown: who learns what in which order.
#include <absl/strings/str_cat.h>

#include "base/testing/temp_dir.h"
#include "reference-shim/shim/exit_record.h"
#include "reference-shim/tests/service_fixture.h"

namespace shim::testing {
namespace {

using absl::StatusCode;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// --- exits ----------------------------------------------------------------------------------

TEST_F(ServiceTest, ExitThatOvertakesStartIsToldAfterIt) {
  ASSERT_EQ(Create("c1"), StatusCode::kOk);
  backend_.Hold("start");
  v3::StartRequest request;
  request.set_id("c1");
  const auto starting = Begin(&v3::TaskClient::Start, request);
  const auto waiting = BeginWait("c1");
  RunUntil([&] { return backend_.Held("start") == 1; });
  backend_.ExitInit("c1", 5);
  RunReady();
  EXPECT_FALSE(waiting->has_value());
  backend_.Release("start");
  EXPECT_TRUE(Await(starting).ok());
  EXPECT_EQ(Await(waiting)->exit_status(), 5U);
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1", "exit c1 c1 5"));
}

TEST_F(ServiceTest, FailedStartOfAnInitThatDiedIsAnExitWithoutStart) {
  ASSERT_EQ(Create("c1"), StatusCode::kOk);
  backend_.Hold("start");
  v3::StartRequest request;
  request.set_id("c1");
  const auto starting = Begin(&v3::TaskClient::Start, request);
  RunUntil([&] { return backend_.Held("start") == 1; });
  backend_.ExitInit("c1", 0, SIGKILL);
  backend_.Release("start", absl::UnknownError("container is stopped"));
  EXPECT_FALSE(Await(starting).ok());
  EXPECT_EQ(StatusOf("c1"), "stopped");
  EXPECT_THAT(Events(), ElementsAre("create c1", "exit c1 c1 137"));
}

TEST_F(ServiceTest, InitsExitIsToldLast) {
  Run("c1");
  for (const char* exec_id : {"e1", "e2", "e3"}) RunExec("c1", exec_id);
  const auto waiting = BeginWait("c1");
  backend_.ExitInit("c1", 0, SIGKILL);
  EXPECT_EQ(StatusOf("c1"), "stopped");
  EXPECT_FALSE(waiting->has_value());
  EXPECT_EQ(Exec("c1", "e4"), StatusCode::kFailedPrecondition);
  for (const char* exec_id : {"e2", "e3", "e1"}) backend_.ExitExec("c1", exec_id, 0, SIGKILL);
  EXPECT_EQ(Await(waiting)->exit_status(), 137U);
  const std::vector<std::string> events = Events();
  EXPECT_THAT(std::vector<std::string>(events.end() - 4, events.end()),
              ElementsAre("exit c1 e2 137", "exit c1 e3 137", "exit c1 e1 137", "exit c1 c1 137"));
}

TEST_F(ServiceTest, ExecThatIsBeingStartedHoldsTheInitsExitBack) {
  Run("c1");
  ASSERT_EQ(Exec("c1", "e1"), StatusCode::kOk);
  backend_.Hold("start-exec");
  v3::StartRequest request;
  request.set_id("c1");
  request.set_exec_id("e1");
  const auto starting = Begin(&v3::TaskClient::Start, request);
  const auto waiting = BeginWait("c1");
  RunUntil([&] { return backend_.Held("start-exec") == 1; });
  backend_.ExitInit("c1", 0);
  RunReady();
  EXPECT_FALSE(waiting->has_value());
  backend_.Release("start-exec");
  EXPECT_TRUE(Await(starting).ok());
  backend_.ExitExec("c1", "e1", 0, SIGKILL);
  EXPECT_TRUE(Await(waiting).ok());
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1", "exec-added c1 e1",
                                    "exec-started c1 e1", "exit c1 e1 137", "exit c1 c1 0"));
}

TEST_F(ServiceTest, WaitersOfAnExecThatCannotStartAnyMoreAreReleased) {
  Run("c1");
  ASSERT_EQ(Exec("c1", "e1"), StatusCode::kOk);
  RunExec("c1", "e2");
  const auto waiting = BeginWait("c1", "e1");
  const auto waiting_for_other = BeginWait("c1", "e2");
  backend_.ExitInit("c1", 0);
  RunReady();
  EXPECT_FALSE(waiting->has_value());
  EXPECT_EQ(Start("c1", "e1"), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Await(waiting)->exit_status(), 0U);
  EXPECT_NE(Start("c1", "e2"), StatusCode::kOk);
  RunReady();
  EXPECT_FALSE(waiting_for_other->has_value()) << "it runs";
  backend_.ExitExec("c1", "e2", 3);
  EXPECT_EQ(Await(waiting_for_other)->exit_status(), 3U);
}

TEST_F(ServiceTest, LeftoversAreKilledWithoutPrivatePidNamespace) {
  v3::CreateTaskRequest request;
  request.set_id("c1");
  request.set_bundle(Bundle("c1", /*private_pid_namespace=*/false));
  ASSERT_TRUE(Call(&v3::TaskClient::Create, request).ok());
  ASSERT_EQ(Start("c1"), StatusCode::kOk);
  RunExec("c1", "e1");
  backend_.Hold("signal");
  const auto waiting = BeginWait("c1");
  backend_.ExitInit("c1", 0);
  RunUntil([&] { return backend_.Held("signal") == 1; });
  EXPECT_EQ(backend_.calls.back(), "signal c1 9 all");
  RunReady();
  EXPECT_FALSE(waiting->has_value()) << "told before the rest was killed";
  backend_.Release("signal", absl::NotFoundError("nothing left"));
  EXPECT_TRUE(Await(waiting).ok());
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1", "exec-added c1 e1",
                                    "exec-started c1 e1", "exit c1 e1 137", "exit c1 c1 0"));
}

TEST_F(ServiceTest, ExecThatStartsAfterTheLeftoversWereKilledIsKilledToo) {
  v3::CreateTaskRequest request;
  request.set_id("c1");
  request.set_bundle(Bundle("c1", /*private_pid_namespace=*/false));
  ASSERT_TRUE(Call(&v3::TaskClient::Create, request).ok());
  ASSERT_EQ(Start("c1"), StatusCode::kOk);
  ASSERT_EQ(Exec("c1", "e1"), StatusCode::kOk);
  backend_.Hold("start-exec");
  v3::StartRequest start;
  start.set_id("c1");
  start.set_exec_id("e1");
  const auto starting = Begin(&v3::TaskClient::Start, start);
  const auto waiting = BeginWait("c1");
  RunUntil([&] { return backend_.Held("start-exec") == 1; });
  backend_.ExitInit("c1", 0);
  RunReady();
  EXPECT_EQ(backend_.calls.back(), "signal c1 9 all");
  EXPECT_FALSE(waiting->has_value());
  backend_.Release("start-exec");
  EXPECT_EQ(backend_.calls.back(), "signal c1 9 all");
  EXPECT_EQ(std::count(backend_.calls.begin(), backend_.calls.end(), "signal c1 9 all"), 2);
  EXPECT_TRUE(Await(starting).ok());
  EXPECT_TRUE(Await(waiting).ok());
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1", "exec-added c1 e1",
                                    "exec-started c1 e1", "exit c1 e1 137", "exit c1 c1 0"));
}

TEST_F(ServiceTest, ExitIsOnRecordBeforeItIsTold) {
  Run("c1");
  const std::string bundle = temp_.File("c1");
  absl::StatusOr<ProcessExit> at_event = absl::UnknownError("no exit event");
  EventQueue recording([&](absl::string_view topic, absl::string_view, const std::string&) {
    if (topic == "/tasks/exit") at_event = ReadExitRecord(bundle);
  });
  events_ = recording;
  backend_.ExitInit("c1", 9);
  ASSERT_TRUE(at_event.ok()) << at_event.status();
  EXPECT_EQ(at_event->status, 9U);
  EXPECT_EQ(at_event->pid, static_cast<pid_t>(State("c1")->pid()));
}

TEST_F(ServiceTest, OomComesBeforeTheExitAndAfterTheCreation) {
  Run("c1");
  backend_.Oom("c1");
  backend_.ExitInit("c1", 0, SIGKILL);
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1", "oom c1", "exit c1 c1 137"));
}

// --- wait -----------------------------------------------------------------------------------

TEST_F(ServiceTest, AllWaitersGetTheSameAnswerWheneverTheyCome) {
  ASSERT_EQ(Create("c1"), StatusCode::kOk);
  const auto before_start = BeginWait("c1");
  ASSERT_EQ(Start("c1"), StatusCode::kOk);
  const auto running = BeginWait("c1");
  RunReady();
  backend_.ExitInit("c1", 4);
  const std::string first = Await(before_start)->SerializeAsString();
  EXPECT_EQ(Await(running)->SerializeAsString(), first);
  EXPECT_EQ(Await(BeginWait("c1"))->SerializeAsString(), first);
  EXPECT_EQ(Delete("c1"), StatusCode::kOk);
  EXPECT_TRUE(absl::IsNotFound(Await(BeginWait("c1")).status()));
}

TEST_F(ServiceTest, LostConnectionForgetsItsWaitersAndNothingElse) {
  Run("c1");
  for (int i = 0; i < 50; ++i) BeginWait("c1");
  EXPECT_EQ(StatusOf("c1"), "running");  // all of them have arrived
  Disconnect();
  RunUntil([&] { return server_->connections() == 0; });
  Connect();
  EXPECT_EQ(StatusOf("c1"), "running");
  const auto waiting = BeginWait("c1");
  EXPECT_EQ(StatusOf("c1"), "running");
  backend_.ExitInit("c1", 1);
  EXPECT_EQ(Await(waiting)->exit_status(), 1U);
}

TEST_F(ServiceTest, WaitWithADeadlineEnds) {
  Run("c1");
  v3::WaitRequest request;
  request.set_id("c1");
  std::optional<absl::Status> result;
  task_->Wait(
      request, {.timeout = std::chrono::milliseconds(20)},
      [&](const absl::StatusOr<v3::WaitResponse>& response) { result = response.status(); });
  RunUntil([&] { return result.has_value(); });
  EXPECT_TRUE(absl::IsDeadlineExceeded(*result));
  backend_.ExitInit("c1", 1);
  EXPECT_EQ(StatusOf("c1"), "stopped");
}

// --- independence ---------------------------------------------------------------------------

TEST_F(ServiceTest, SlowCreateDelaysNobodyElse) {
  Run("c1");
  backend_.Hold("create");
  const auto creating = Begin(&v3::TaskClient::Create, CreateRequest("slow"));
  RunUntil([&] { return backend_.Held("create") == 1; });
  EXPECT_EQ(StatusOf("c1"), "running");
  EXPECT_EQ(Kill("c1"), StatusCode::kOk);
  RunExec("c1", "e1");
  EXPECT_EQ(StatusOf("slow"), "NOT_FOUND") << "it does not exist yet";
  EXPECT_EQ(Create("slow"), StatusCode::kAlreadyExists) << "but its id is taken";
  backend_.Release("create");
  EXPECT_TRUE(Await(creating).ok());
  EXPECT_EQ(StatusOf("slow"), "created");
}

TEST_F(ServiceTest, SlowVerbsDelayNoQuickOnes) {
  Run("c1");
  RunExec("c1", "e1");
  for (const char* verb : {"update", "signal", "sample", "pids"}) backend_.Hold(verb);
  v3::UpdateTaskRequest update;
  update.set_id("c1");
  update.mutable_resources()->set_value("{}");
  const auto updating = Begin(&v3::TaskClient::Update, update);
  v3::KillRequest kill;
  kill.set_id("c1");
  const auto killing = Begin(&v3::TaskClient::Kill, kill);
  RunUntil([&] { return backend_.Held("update") + backend_.Held("signal") == 2; });
  EXPECT_EQ(StatusOf("c1"), "running");
  EXPECT_EQ(StatusOf("c1", "e1"), "running");
  EXPECT_EQ(Kill("c1", "e1"), StatusCode::kOk);
  const auto waiting = BeginWait("c1", "e1");
  RunReady();
  backend_.ExitExec("c1", "e1", 0);
  EXPECT_TRUE(Await(waiting).ok());
  backend_.Release("update");
  backend_.Release("signal");
  EXPECT_TRUE(Await(updating).ok());
  EXPECT_TRUE(Await(killing).ok());
}

TEST_F(ServiceTest, VerbsOfOneContainerTakeTurns) {
  Run("c1");
  backend_.Hold("pause");
  v3::PauseRequest pause;
  pause.set_id("c1");
  v3::ResumeRequest resume;
  resume.set_id("c1");
  const auto pausing = Begin(&v3::TaskClient::Pause, pause);
  const auto resuming = Begin(&v3::TaskClient::Resume, resume);
  RunUntil([&] { return backend_.Held("pause") == 1; });
  RunReady();
  EXPECT_THAT(backend_.calls, Not(Contains("resume c1")));
  backend_.Release("pause");
  EXPECT_TRUE(Await(pausing).ok());
  EXPECT_TRUE(Await(resuming).ok());
  EXPECT_EQ(StatusOf("c1"), "running");
}

TEST_F(ServiceTest, ManyExecsStartSideBySide) {
  Run("c1");
  backend_.Hold("start-exec");
  std::vector<Pending<v3::StartResponse>> starting;
  for (int i = 0; i < 40; ++i) {
    const std::string exec_id = absl::StrCat("e", i);
    ASSERT_EQ(Exec("c1", exec_id), StatusCode::kOk);
    v3::StartRequest request;
    request.set_id("c1");
    request.set_exec_id(exec_id);
    starting.push_back(Begin(&v3::TaskClient::Start, request));
  }
  RunUntil([&] { return backend_.Held("start-exec") == 40; });
  backend_.Release("start-exec");
  std::set<std::uint32_t> pids;
  for (const auto& start : starting) pids.insert(Await(start)->pid());
  EXPECT_EQ(pids.size(), 40U);
}

// --- delete ---------------------------------------------------------------------------------

TEST_F(ServiceTest, DeleteOfACreatedContainerEndsItsInit) {
  ASSERT_EQ(Create("c1"), StatusCode::kOk);
  RunExec("c1", "e1");
  EXPECT_EQ(Delete("c1"), StatusCode::kOk);
  EXPECT_THAT(Events(), ElementsAre("create c1", "exec-added c1 e1", "exec-started c1 e1",
                                    "exit c1 e1 137", "exit c1 c1 137", "delete c1 137"));
}

TEST_F(ServiceTest, DeleteOfACreatedContainerWhoseInitDoesNotDieIsTheEnginesTask) {
  ASSERT_EQ(Create("c1"), StatusCode::kOk);
  backend_.immortal = true;
  EXPECT_EQ(Delete("c1"), StatusCode::kOk);
  EXPECT_THAT(backend_.calls, ElementsAre("create c1", "signal c1 9 all", "delete c1"));
  EXPECT_THAT(Events(), ElementsAre("create c1", "exit c1 c1 137", "delete c1 137"));
}

TEST_F(ServiceTest, DeleteTakesStoppedExecsAlong) {
  Run("c1");
  RunExec("c1", "e1");
  ASSERT_EQ(Exec("c1", "never-started"), StatusCode::kOk);
  const auto waiting = BeginWait("c1", "never-started");
  backend_.ExitExec("c1", "e1", 0);
  backend_.ExitInit("c1", 0);
  EXPECT_EQ(Delete("c1"), StatusCode::kOk);
  EXPECT_TRUE(absl::IsNotFound(Await(waiting).status()));
  EXPECT_EQ(StatusOf("c1", "e1"), "NOT_FOUND");
}

TEST_F(ServiceTest, FailedDeleteCanBeRepeated) {
  v3::CreateTaskRequest request = CreateRequest("c1");
  request.add_rootfs()->set_type("overlay");
  ASSERT_TRUE(Call(&v3::TaskClient::Create, request).ok());
  ASSERT_EQ(Start("c1"), StatusCode::kOk);
  backend_.ExitInit("c1", 6);
  backend_.Fail("delete", absl::InternalError("busy"));
  EXPECT_EQ(Delete("c1"), StatusCode::kInternal);
  EXPECT_EQ(StatusOf("c1"), "stopped");
  backend_.Fail("delete", absl::OkStatus());
  rootfs_.unmount_result = absl::UnknownError("busy too");
  EXPECT_EQ(Delete("c1"), StatusCode::kUnknown);
  EXPECT_EQ(StatusOf("c1"), "stopped");
  v3::StatsRequest stats;
  stats.set_id("c1");
  EXPECT_TRUE(absl::IsNotFound(Call(&v3::TaskClient::Stats, stats).status()));
  rootfs_.unmount_result = absl::OkStatus();
  EXPECT_EQ(Delete("c1"), StatusCode::kOk);
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1", "exit c1 c1 6", "delete c1 6"));
  EXPECT_EQ(std::count(backend_.calls.begin(), backend_.calls.end(), "delete c1"), 2);
}

TEST_F(ServiceTest, SecondDeleteWaitsAndFindsNothing) {
  Run("c1");
  backend_.ExitInit("c1", 0);
  backend_.Hold("delete");
  v3::DeleteRequest request;
  request.set_id("c1");
  const auto first = Begin(&v3::TaskClient::Delete, request);
  const auto second = Begin(&v3::TaskClient::Delete, request);
  RunUntil([&] { return backend_.Held("delete") == 1; });
  EXPECT_EQ(StatusOf("c1"), "stopped");
  backend_.Release("delete");
  EXPECT_TRUE(Await(first).ok());
  EXPECT_TRUE(absl::IsNotFound(Await(second).status()));
}

TEST_F(ServiceTest, DeleteOutlivesItsClient) {
  Run("c1");
  backend_.ExitInit("c1", 0);
  backend_.Hold("delete");
  v3::DeleteRequest request;
  request.set_id("c1");
  Begin(&v3::TaskClient::Delete, request);
  RunUntil([&] { return backend_.Held("delete") == 1; });
  Disconnect();
  RunUntil([&] { return server_->connections() == 0; });
  Connect();
  backend_.Release("delete");
  EXPECT_EQ(StatusOf("c1"), "NOT_FOUND");
  EXPECT_EQ(Events().back(), "delete c1 0");
}

TEST_F(ServiceTest, DeleteWaitsForACreateItsClientHasGivenUp) {
  backend_.Hold("create");
  const auto creating = Begin(&v3::TaskClient::Create, CreateRequest("c1"));
  RunUntil([&] { return backend_.Held("create") == 1; });
  v3::DeleteRequest request;
  request.set_id("c1");
  const auto deleting = Begin(&v3::TaskClient::Delete, request);
  RunReady();
  EXPECT_EQ(Shutdown(), StatusCode::kOk);
  EXPECT_EQ(shutdowns_, 0);
  backend_.Release("create");
  EXPECT_TRUE(Await(creating).ok());
  EXPECT_TRUE(Await(deleting).ok());
  EXPECT_EQ(shutdowns_, 1) << "nobody would ask again";
}

TEST_F(ServiceTest, DeleteDuringAFailingCreateIsNotFound) {
  backend_.Hold("create");
  const auto creating = Begin(&v3::TaskClient::Create, CreateRequest("c1"));
  RunUntil([&] { return backend_.Held("create") == 1; });
  v3::DeleteRequest request;
  request.set_id("c1");
  const auto deleting = Begin(&v3::TaskClient::Delete, request);
  RunReady();
  backend_.Release("create", absl::UnknownError("no"));
  EXPECT_FALSE(Await(creating).ok());
  EXPECT_TRUE(absl::IsNotFound(Await(deleting).status()));
}

// --- shutdown -------------------------------------------------------------------------------

TEST_F(ServiceTest, ShutdownEndsNothingWhileATaskIsLeft) {
  ASSERT_EQ(Create("c1"), StatusCode::kOk);
  v3::ShutdownRequest now;
  now.set_now(true);
  EXPECT_TRUE(Call(&v3::TaskClient::Shutdown, now).ok());
  EXPECT_EQ(StatusOf("c1"), "created");
  EXPECT_EQ(Delete("c1"), StatusCode::kOk);
  EXPECT_EQ(shutdowns_, 0) << "an earlier Shutdown is not kept for later";
}

TEST_F(ServiceTest, ShutdownIsAnsweredWhenTheDaemonSaysSo) {
  const auto first = Begin(&v3::TaskClient::Shutdown, v3::ShutdownRequest());
  const auto second = Begin(&v3::TaskClient::Shutdown, v3::ShutdownRequest());
  RunUntil([&] { return shutdowns_ == 1; });
  RunReady();
  EXPECT_FALSE(first->has_value());
  EXPECT_EQ(Create("c1"), StatusCode::kUnavailable);
  service_->AnswerShutdown();
  EXPECT_TRUE(Await(first).ok());
  EXPECT_TRUE(Await(second).ok());
  EXPECT_EQ(shutdowns_, 1);
}

}  // namespace
}  // namespace shim::testing
