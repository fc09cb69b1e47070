// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>

#include "base/testing/temp_dir.h"
#include "reference-shim/shim/exit_record.h"
#include "reference-shim/tests/service_fixture.h"
#include "runc/options.pb.h"

namespace shim::testing {
namespace {

using absl::StatusCode;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// --- life of a container --------------------------------------------------------------------

TEST_F(ServiceTest, WholeLifeInOrder) {
  const auto created = Call(&v3::TaskClient::Create, CreateRequest("c1"));
  ASSERT_TRUE(created.ok()) << created.status();
  const std::uint32_t pid = created->pid();
  EXPECT_EQ(StatusOf("c1"), "created");
  EXPECT_EQ(base::testing::ReadFile(temp_.File("c1/init.pid")), absl::StrCat(pid));
  EXPECT_EQ(Start("c1"), StatusCode::kOk);
  EXPECT_EQ(StatusOf("c1"), "running");
  const auto waiting = BeginWait("c1");
  backend_.ExitInit("c1", 7);
  const auto waited = Await(waiting);
  ASSERT_TRUE(waited.ok());
  const auto state = State("c1");
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->status(), containerd::types::STOPPED);

  v3::DeleteRequest request;
  request.set_id("c1");
  const auto deleted = Call(&v3::TaskClient::Delete, request);
  ASSERT_TRUE(deleted.ok());
  for (const std::uint32_t status :
       {waited->exit_status(), state->exit_status(), deleted->exit_status()}) {
    EXPECT_EQ(status, 7U);
  }
  EXPECT_EQ(state->pid(), pid);
  EXPECT_EQ(deleted->pid(), pid);
  EXPECT_EQ(waited->exited_at().SerializeAsString(), state->exited_at().SerializeAsString());
  EXPECT_EQ(waited->exited_at().SerializeAsString(), deleted->exited_at().SerializeAsString());
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1", "exit c1 c1 7", "delete c1 7"));
  EXPECT_THAT(backend_.calls, ElementsAre("create c1", "start c1", "delete c1"));
  EXPECT_EQ(StatusOf("c1"), "NOT_FOUND");
  EXPECT_FALSE(backend_.Exists("c1"));
}

TEST_F(ServiceTest, StateEchoesTheRequest) {
  base::testing::WriteFile(temp_.File("out"), "");
  v3::CreateTaskRequest request = CreateRequest("c1");
  request.set_stdout(temp_.File("out"));
  request.set_stderr(absl::StrCat("file://", temp_.File("err")));
  ASSERT_TRUE(Call(&v3::TaskClient::Create, request).ok());
  const auto state = State("c1");
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->id(), "c1");
  EXPECT_EQ(state->bundle(), request.bundle());
  EXPECT_EQ(state->stdin(), "");
  EXPECT_EQ(state->stdout(), request.stdout());
  EXPECT_EQ(state->stderr(), request.stderr());
  EXPECT_FALSE(state->has_exited_at());
}

TEST_F(ServiceTest, WrongStateIsFailedPreconditionAndWithoutEffect) {
  ASSERT_EQ(Create("c1"), StatusCode::kOk);
  EXPECT_EQ(Pause("c1"), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Resume("c1"), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Checkpoint("c1"), StatusCode::kFailedPrecondition);
  ASSERT_EQ(Start("c1"), StatusCode::kOk);
  EXPECT_EQ(Start("c1"), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Delete("c1"), StatusCode::kFailedPrecondition);
  backend_.ExitInit("c1", 0);
  for (const StatusCode code : {Start("c1"), Pause("c1"), Update("c1"), Exec("c1", "e1")}) {
    EXPECT_EQ(code, StatusCode::kFailedPrecondition);
  }
  EXPECT_EQ(Kill("c1"), StatusCode::kNotFound);
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1", "exit c1 c1 0"));
  EXPECT_THAT(backend_.calls, ElementsAre("create c1", "start c1"));
}

TEST_F(ServiceTest, UnknownIdsAreNotFound) {
  EXPECT_EQ(Start("c1"), StatusCode::kNotFound);
  EXPECT_EQ(StatusOf("c1"), "NOT_FOUND");
  EXPECT_EQ(Delete("c1"), StatusCode::kNotFound);
  EXPECT_EQ(Kill("c1"), StatusCode::kNotFound);
  EXPECT_EQ(Exec("c1", "e1"), StatusCode::kNotFound);
  EXPECT_EQ(Pause("c1"), StatusCode::kNotFound);
  EXPECT_EQ(Update("c1"), StatusCode::kNotFound);
  EXPECT_EQ(Await(BeginWait("c1")).status().code(), StatusCode::kNotFound);
  ASSERT_EQ(Create("c1"), StatusCode::kOk);
  EXPECT_EQ(Start("c1", "e1"), StatusCode::kNotFound);
  EXPECT_EQ(StatusOf("c1", "e1"), "NOT_FOUND");
  EXPECT_EQ(Delete("c1", "e1"), StatusCode::kNotFound);
  EXPECT_EQ(Kill("c1", "e1"), StatusCode::kNotFound);
  EXPECT_EQ(Await(BeginWait("c1", "e1")).status().code(), StatusCode::kNotFound);
}

TEST_F(ServiceTest, ConnectAlwaysAnswers) {
  v3::ConnectRequest request;
  request.set_id("c1");
  auto connected = Call(&v3::TaskClient::Connect, request);
  ASSERT_TRUE(connected.ok());
  EXPECT_EQ(connected->shim_pid(), static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(connected->task_pid(), 0U);
  Run("c1");
  connected = Call(&v3::TaskClient::Connect, request);
  EXPECT_EQ(connected->task_pid(), State("c1")->pid());
}

// --- create ---------------------------------------------------------------------------------

TEST_F(ServiceTest, CreateOfAnExistingIdChangesNothing) {
  Run("c1");
  EXPECT_EQ(Create("c1"), StatusCode::kAlreadyExists);
  EXPECT_EQ(StatusOf("c1"), "running");
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1"));
}

TEST_F(ServiceTest, CreateRefusesWhatIsMalformed) {
  v3::CreateTaskRequest request = CreateRequest("c1");
  request.set_id("../c1");
  EXPECT_TRUE(absl::IsInvalidArgument(Call(&v3::TaskClient::Create, request).status()));
  request = CreateRequest("c1");
  request.set_bundle("relative");
  EXPECT_TRUE(absl::IsInvalidArgument(Call(&v3::TaskClient::Create, request).status()));
  request = CreateRequest("c1");
  request.set_stdout("nope://x");
  const auto refused = Call(&v3::TaskClient::Create, request);
  EXPECT_TRUE(absl::IsInvalidArgument(refused.status()));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("nope"));
  base::testing::WriteFile(temp_.File("c1/config.json"), "{");
  EXPECT_FALSE(Call(&v3::TaskClient::Create, request).ok());
  EXPECT_THAT(backend_.calls, IsEmpty());
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(ServiceTest, FailedCreateIsUndoneAndCanBeRepeated) {
  v3::CreateTaskRequest request = CreateRequest("c1");
  request.add_rootfs()->set_type("overlay");
  backend_.Fail("create", absl::NotFoundError("exec: \"runc\": not found"));
  const auto failed = Call(&v3::TaskClient::Create, request);
  EXPECT_EQ(failed.status().code(), StatusCode::kUnknown) << "5 would mean the task";
  EXPECT_THAT(std::string(failed.status().message()), HasSubstr("\"runc\""));
  EXPECT_THAT(rootfs_.calls, ElementsAre(absl::StrCat("mount ", request.bundle(), " 1"),
                                         absl::StrCat("unmount ", request.bundle())));
  EXPECT_EQ(StatusOf("c1"), "NOT_FOUND");
  EXPECT_EQ(Delete("c1"), StatusCode::kNotFound);
  EXPECT_THAT(Events(), IsEmpty());
  backend_.Fail("create", absl::OkStatus());
  EXPECT_TRUE(Call(&v3::TaskClient::Create, request).ok());
}

TEST_F(ServiceTest, FailedMountIsReportedAndNotUndoneTwice) {
  v3::CreateTaskRequest request = CreateRequest("c1");
  request.add_rootfs()->set_type("overlay");
  rootfs_.mount_result = absl::UnimplementedError("mount overlay: no such device");
  const auto failed = Call(&v3::TaskClient::Create, request);
  EXPECT_EQ(failed.status().code(), StatusCode::kUnknown) << "12 would downgrade the connection";
  EXPECT_THAT(std::string(failed.status().message()), HasSubstr("overlay"));
  EXPECT_EQ(rootfs_.calls.size(), 1U);
  EXPECT_THAT(backend_.calls, IsEmpty());
}

TEST_F(ServiceTest, RecordsOfAnEarlierContainerGo) {
  const std::string bundle = Bundle("c1");
  ASSERT_TRUE(WriteExitRecord(bundle, {.pid = 1, .status = 2, .at = {}}).ok());
  base::testing::WriteFile(bundle + "/init.pid", "1");
  ASSERT_EQ(Create("c1"), StatusCode::kOk);
  EXPECT_TRUE(absl::IsNotFound(ReadExitRecord(bundle).status()));
  EXPECT_EQ(ReadInitPid(bundle).value_or(0), static_cast<pid_t>(State("c1")->pid()));
}

TEST_F(ServiceTest, IncapableBackendsAreNotAsked) {
  Run("c1");
  TaskService incapable(context_, [] {});
  backend_.can = {};
  service_ = std::make_unique<TaskService>(context_, [] {});
  ttrpc::Router router;
  router.Add(TaskService::Bind(*service_, "bare"));
  ttrpc::Server server(loop_, router, log_);
  ASSERT_TRUE(server.Serve(ttrpc::testing::Listen(temp_.File("bare"))).ok());
  client_ = std::make_unique<ttrpc::Client>(loop_, *ttrpc::ConnectUnix(temp_.File("bare")));
  task_.emplace(*client_, "bare");
  Run("c2");
  EXPECT_EQ(Exec("c2", "e1"), StatusCode::kUnimplemented);
  EXPECT_EQ(Pause("c2"), StatusCode::kUnimplemented);
  EXPECT_EQ(Resume("c2"), StatusCode::kUnimplemented);
  EXPECT_EQ(Update("c2"), StatusCode::kUnimplemented);
  EXPECT_EQ(Checkpoint("c2"), StatusCode::kUnimplemented);
  v3::StatsRequest stats;
  stats.set_id("c2");
  EXPECT_TRUE(absl::IsUnimplemented(Call(&v3::TaskClient::Stats, stats).status()));
  v3::CreateTaskRequest terminal = CreateRequest("c3");
  terminal.set_terminal(true);
  EXPECT_TRUE(absl::IsUnimplemented(Call(&v3::TaskClient::Create, terminal).status()));
  client_.reset();
}

// --- execs ----------------------------------------------------------------------------------

TEST_F(ServiceTest, ExecHasALifeOfItsOwn) {
  Run("c1");
  EXPECT_EQ(Exec("c1", "e1"), StatusCode::kOk);
  EXPECT_EQ(StatusOf("c1", "e1"), "created");
  EXPECT_EQ(State("c1", "e1")->pid(), 0U);
  EXPECT_EQ(State("c1", "e1")->id(), "e1");
  EXPECT_EQ(Kill("c1", "e1"), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Exec("c1", "e1"), StatusCode::kAlreadyExists);
  EXPECT_EQ(Start("c1", "e1"), StatusCode::kOk);
  EXPECT_EQ(StatusOf("c1", "e1"), "running");
  EXPECT_EQ(Start("c1", "e1"), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Delete("c1", "e1"), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Kill("c1", "e1", 10), StatusCode::kOk);
  const auto waiting = BeginWait("c1", "e1");
  backend_.ExitExec("c1", "e1", 3);
  EXPECT_EQ(Await(waiting)->exit_status(), 3U);
  EXPECT_EQ(StatusOf("c1", "e1"), "stopped");
  EXPECT_EQ(StatusOf("c1"), "running");
  EXPECT_EQ(Exec("c1", "e1"), StatusCode::kAlreadyExists);
  EXPECT_EQ(Delete("c1", "e1"), StatusCode::kOk);
  EXPECT_EQ(Delete("c1", "e1"), StatusCode::kNotFound);
  EXPECT_EQ(Exec("c1", "e1"), StatusCode::kOk) << "the id is free again";
  EXPECT_THAT(Events(),
              ElementsAre("create c1", "start c1", "exec-added c1 e1", "exec-started c1 e1",
                          "exit c1 e1 3", "delete c1 e1 3", "exec-added c1 e1"));
  EXPECT_THAT(backend_.calls, Contains("signal-exec c1 e1 10"));
}

TEST_F(ServiceTest, ExecRefusesWhatIsMalformed) {
  Run("c1");
  v3::ExecProcessRequest request;
  request.set_id("c1");
  request.set_exec_id("e1");
  EXPECT_TRUE(absl::IsInvalidArgument(Call(&v3::TaskClient::Exec, request).status()));
  request.mutable_spec()->set_value("{");
  EXPECT_TRUE(absl::IsInvalidArgument(Call(&v3::TaskClient::Exec, request).status()));
  request.mutable_spec()->set_value("{}");
  request.set_exec_id("");
  EXPECT_TRUE(absl::IsInvalidArgument(Call(&v3::TaskClient::Exec, request).status()));
  request.set_exec_id("../../e1");
  EXPECT_TRUE(absl::IsInvalidArgument(Call(&v3::TaskClient::Exec, request).status()));
  EXPECT_EQ(StatusOf("c1"), "running");
  EXPECT_EQ(Exec("c1", "e1"), StatusCode::kOk) << "the id was not reserved";
}

TEST_F(ServiceTest, FailedExecStartLeavesItCreatedAndFreesItsWaiters) {
  Run("c1");
  ASSERT_EQ(Exec("c1", "e1"), StatusCode::kOk);
  const auto waiting = BeginWait("c1", "e1");
  backend_.Fail("start-exec", absl::NotFoundError("no such program"));
  EXPECT_EQ(Start("c1", "e1"), StatusCode::kUnknown);
  const auto waited = Await(waiting);
  ASSERT_TRUE(waited.ok());
  EXPECT_EQ(waited->exit_status(), 0U);
  EXPECT_TRUE(Await(BeginWait("c1", "e1")).ok()) << "later waiters neither";
  EXPECT_EQ(StatusOf("c1", "e1"), "created");
  EXPECT_EQ(Kill("c1", "e1"), StatusCode::kFailedPrecondition);
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1", "exec-added c1 e1"));
  backend_.Fail("start-exec", absl::OkStatus());
  EXPECT_EQ(Start("c1", "e1"), StatusCode::kOk) << "it may be tried again";
  EXPECT_EQ(StatusOf("c1", "e1"), "running");
}

TEST_F(ServiceTest, MissingExecStdioFailsStartNotExec) {
  Run("c1");
  v3::ExecProcessRequest request;
  request.set_id("c1");
  request.set_exec_id("e1");
  request.mutable_spec()->set_value("{}");
  request.set_stdout(temp_.File("absent"));
  ASSERT_TRUE(Call(&v3::TaskClient::Exec, request).ok());
  EXPECT_EQ(Start("c1", "e1"), StatusCode::kInvalidArgument);
  EXPECT_EQ(StatusOf("c1", "e1"), "created");
  EXPECT_EQ(Delete("c1", "e1"), StatusCode::kOk);
}

TEST_F(ServiceTest, TerminalOfTheRequestWins) {
  Run("c1");
  v3::ExecProcessRequest request;
  request.set_id("c1");
  request.set_exec_id("e1");
  request.mutable_spec()->set_value(R"({"terminal":true,"cwd":"/x"})");
  ASSERT_TRUE(Call(&v3::TaskClient::Exec, request).ok());
  ASSERT_EQ(Start("c1", "e1"), StatusCode::kOk);
  EXPECT_THAT(backend_.Exec("c1", "e1").process_json, HasSubstr(R"("terminal":false)"));
  EXPECT_THAT(backend_.Exec("c1", "e1").process_json, HasSubstr(R"("cwd":"/x")"));
}

TEST_F(ServiceTest, DeletingAnUnstartedExecFreesItsWaiters) {
  Run("c1");
  ASSERT_EQ(Exec("c1", "e1"), StatusCode::kOk);
  const auto waiting = BeginWait("c1", "e1");
  EXPECT_EQ(Delete("c1", "e1"), StatusCode::kOk);
  EXPECT_TRUE(absl::IsNotFound(Await(waiting).status()));
}

TEST_F(ServiceTest, SameIdsInTwoContainersStayApart) {
  Run("a");
  Run("a-b");
  RunExec("a", "b-e");
  RunExec("a-b", "e");
  RunExec("a", "e");
  backend_.ExitExec("a", "e", 1);
  EXPECT_EQ(StatusOf("a", "e"), "stopped");
  EXPECT_EQ(StatusOf("a-b", "e"), "running");
  EXPECT_EQ(StatusOf("a", "b-e"), "running");
}

// --- pause, update, stats, pids -------------------------------------------------------------

TEST_F(ServiceTest, PauseShowsInStateOfInitAndExecs) {
  Run("c1");
  RunExec("c1", "e1");
  backend_.Hold("pause");
  v3::PauseRequest request;
  request.set_id("c1");
  const auto pausing = Begin(&v3::TaskClient::Pause, request);
  RunUntil([&] { return backend_.Held("pause") == 1; });
  EXPECT_EQ(StatusOf("c1"), "pausing");
  EXPECT_EQ(StatusOf("c1", "e1"), "pausing");
  backend_.Release("pause");
  EXPECT_TRUE(Await(pausing).ok());
  EXPECT_EQ(StatusOf("c1"), "paused");
  EXPECT_EQ(StatusOf("c1", "e1"), "paused");
  EXPECT_EQ(Exec("c1", "e2"), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Kill("c1", "e1"), StatusCode::kOk);
  EXPECT_EQ(Update("c1"), StatusCode::kOk);
  EXPECT_EQ(Resume("c1"), StatusCode::kOk);
  EXPECT_EQ(StatusOf("c1", "e1"), "running");
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1", "exec-added c1 e1",
                                    "exec-started c1 e1", "paused c1", "resumed c1"));
}

TEST_F(ServiceTest, FailedPauseChangesNothing) {
  Run("c1");
  backend_.Fail("pause", absl::InternalError("freezer"));
  EXPECT_EQ(Pause("c1"), StatusCode::kInternal);
  EXPECT_EQ(StatusOf("c1"), "running");
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1"));
}

TEST_F(ServiceTest, ExitDuringPauseWins) {
  Run("c1");
  backend_.Hold("pause");
  v3::PauseRequest request;
  request.set_id("c1");
  const auto pausing = Begin(&v3::TaskClient::Pause, request);
  RunUntil([&] { return backend_.Held("pause") == 1; });
  const auto waiting = BeginWait("c1");
  backend_.ExitInit("c1", 1);
  EXPECT_TRUE(Await(waiting).ok()) << "an exit waits for no other verb";
  backend_.Release("pause");
  EXPECT_TRUE(absl::IsFailedPrecondition(Await(pausing).status()));
  EXPECT_EQ(StatusOf("c1"), "stopped");
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1", "exit c1 c1 1"));
}

TEST_F(ServiceTest, UpdateAndCheckpointPassTheirArguments) {
  Run("c1");
  EXPECT_EQ(Update("c1"), StatusCode::kOk);
  EXPECT_THAT(backend_.calls, Contains(R"(update c1 {"memory":{"limit":1048576}})"));
  v3::UpdateTaskRequest request;
  request.set_id("c1");
  EXPECT_TRUE(absl::IsInvalidArgument(Call(&v3::TaskClient::Update, request).status()));
  request.mutable_resources()->set_value("{]");
  EXPECT_TRUE(absl::IsInvalidArgument(Call(&v3::TaskClient::Update, request).status()));
  EXPECT_EQ(Checkpoint("c1"), StatusCode::kOk);
  EXPECT_THAT(backend_.calls, Contains("checkpoint c1 /image"));
  EXPECT_EQ(Events().back(), "checkpointed c1");
}

TEST_F(ServiceTest, PidsNameTheExecTheyBelongTo) {
  Run("c1");
  RunExec("c1", "e1");
  v3::PidsRequest request;
  request.set_id("c1");
  const auto pids = Call(&v3::TaskClient::Pids, request);
  ASSERT_TRUE(pids.ok());
  ASSERT_EQ(pids->processes_size(), 3);
  EXPECT_EQ(pids->processes(0).pid(), State("c1")->pid());
  EXPECT_FALSE(pids->processes(0).has_info());
  EXPECT_EQ(pids->processes(2).pid(), State("c1", "e1")->pid());
  EXPECT_EQ(pids->processes(2).info().type_url(), "containerd.runc.v1.ProcessDetails");
  containerd::runc::v1::ProcessDetails details;
  ASSERT_TRUE(details.ParseFromString(pids->processes(2).info().value()));
  EXPECT_EQ(details.exec_id(), "e1");
  backend_.ExitExec("c1", "e1", 0);
  backend_.ExitInit("c1", 0);
  const auto none = Call(&v3::TaskClient::Pids, request);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->processes_size(), 0);
}

TEST_F(ServiceTest, StatsPassThroughAlsoWhenAbsent) {
  Run("c1");
  v3::StatsRequest request;
  request.set_id("c1");
  const auto stats = Call(&v3::TaskClient::Stats, request);
  ASSERT_TRUE(stats.ok());
  EXPECT_EQ(stats->stats().type_url(), "io.containerd.cgroups.v2.Metrics");
  backend_.Fail("sample", absl::NotFoundError("no cgroup"));
  EXPECT_TRUE(absl::IsNotFound(Call(&v3::TaskClient::Stats, request).status()));
}

TEST_F(ServiceTest, KillChecksTheSignalAndPassesTheScope) {
  Run("c1");
  EXPECT_EQ(Kill("c1", "", 0), StatusCode::kOk);
  EXPECT_EQ(Kill("c1", "", 65), StatusCode::kInvalidArgument);
  v3::KillRequest request;
  request.set_id("c1");
  request.set_signal(10);
  request.set_all(true);
  EXPECT_TRUE(Call(&v3::TaskClient::Kill, request).ok());
  EXPECT_THAT(backend_.calls, Contains("signal c1 0"));
  EXPECT_THAT(backend_.calls, Contains("signal c1 10 all"));
  backend_.Fail("signal", absl::NotFoundError("no such process"));
  EXPECT_EQ(Kill("c1"), StatusCode::kNotFound) << "gone behind our back (KILL-03)";
}

TEST_F(ServiceTest, RestoreHasNoPidBeforeStart) {
  v3::CreateTaskRequest request = CreateRequest("c1");
  request.set_checkpoint("/image");
  const auto created = Call(&v3::TaskClient::Create, request);
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(created->pid(), 0U);
  EXPECT_EQ(StatusOf("c1"), "created");
  EXPECT_EQ(Exec("c1", "e1"), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Delete("c1"), StatusCode::kOk);
  EXPECT_THAT(Events(), ElementsAre("create c1", "delete c1 0"));
}

}  // namespace
}  // namespace shim::testing
