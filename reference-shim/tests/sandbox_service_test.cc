// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/sandbox_service.h"

#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include "base/testing/temp_dir.h"
#include "cri/v1/pod.pb.h"
#include "reference-shim/tests/service_fixture.h"

namespace shim::testing {
namespace {

namespace v1 = containerd::runtime::sandbox::v1;
using absl::StatusCode;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// Both services of a daemon, whose Shutdown answers at once.
class SandboxTest : public ServiceTest {
 protected:
  SandboxTest() : sandbox_(context_, *service_) {
    router_.Add(SandboxService::Bind(sandbox_));
    caller_.emplace(*client_);
  }

  template <typename Request, typename Response>
  using Method = void (v1::SandboxClient::*)(const Request&, const ttrpc::CallOptions&,
                                             std::function<void(absl::StatusOr<Response>)>);
  template <typename Request, typename Response>
  Pending<Response> Begin(Method<Request, Response> method, const Request& request) {
    auto pending = std::make_shared<std::optional<absl::StatusOr<Response>>>();
    ((*caller_).*method)(request, {}, [pending](absl::StatusOr<Response> r) { *pending = r; });
    return pending;
  }
  template <typename Request, typename Response>
  Pending<Response> Begin(Method<Request, Response> method, const std::string& id) {
    Request request;
    request.set_sandbox_id(id);
    return Begin(method, request);
  }
  template <typename Request, typename Response>
  Result<Response> On(Method<Request, Response> method, const std::string& id = "pod") {
    return Await(Begin(method, id));
  }
  template <typename Request, typename Response>
  StatusCode Code(Method<Request, Response> method, const std::string& id = "pod") {
    return On(method, id).status().code();
  }

  v1::CreateSandboxRequest CreateSandboxRequest(const std::string& id = "pod") {
    v1::CreateSandboxRequest request;
    request.set_sandbox_id(id);
    request.set_bundle_path(temp_.File(id));
    ::mkdir(request.bundle_path().c_str(), 0700);
    return request;
  }
  StatusCode CreateSandbox(const v1::CreateSandboxRequest& request) {
    return Await(Begin(&v1::SandboxClient::CreateSandbox, request)).status().code();
  }
  void RunSandbox() {
    ASSERT_EQ(CreateSandbox(CreateSandboxRequest()), StatusCode::kOk);
    ASSERT_EQ(Code(&v1::SandboxClient::StartSandbox), StatusCode::kOk);
  }
  std::string SandboxState() {
    const auto status = On(&v1::SandboxClient::SandboxStatus);
    return status.ok() ? status->state() : status.status().ToString();
  }

  SandboxService sandbox_;
  std::optional<v1::SandboxClient> caller_;
};

TEST_F(SandboxTest, WholeLifeOfAGroup) {
  RunSandbox();
  const auto started = On(&v1::SandboxClient::SandboxStatus);
  EXPECT_EQ(started->sandbox_id(), "pod");
  EXPECT_EQ(started->pid(), 0U);
  EXPECT_EQ(started->state(), "SANDBOX_READY");
  EXPECT_GT(started->created_at().seconds(), 0);
  EXPECT_FALSE(started->has_exited_at());
  EXPECT_EQ(On(&v1::SandboxClient::Platform)->platform().os(), "linux");
  EXPECT_EQ(Code(&v1::SandboxClient::PingSandbox), StatusCode::kOk);
  EXPECT_EQ(Code(&v1::SandboxClient::SandboxMetrics), StatusCode::kUnimplemented);

  const auto waiting = Begin(&v1::SandboxClient::WaitSandbox, "pod");
  Run("c1");
  EXPECT_EQ(Shutdown(), StatusCode::kOk);
  EXPECT_EQ(shutdowns_, 0) << "the sandbox exists";
  EXPECT_FALSE(waiting->has_value());

  EXPECT_EQ(Code(&v1::SandboxClient::StopSandbox), StatusCode::kOk);
  const auto end = Await(waiting);
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(end->exit_status(), 0U);
  EXPECT_EQ(StatusOf("c1"), "stopped");
  EXPECT_EQ(SandboxState(), "SANDBOX_NOTREADY");
  EXPECT_EQ(Code(&v1::SandboxClient::StopSandbox), StatusCode::kOk);
  EXPECT_EQ(On(&v1::SandboxClient::WaitSandbox)->exited_at().SerializeAsString(),
            end->exited_at().SerializeAsString());
  EXPECT_EQ(Shutdown(), StatusCode::kOk);
  EXPECT_EQ(shutdowns_, 0);

  const auto shutdown = Begin(&v1::SandboxClient::ShutdownSandbox, "pod");
  RunUntil([&] { return shutdowns_ == 1; });
  EXPECT_FALSE(shutdown->has_value()) << "answered when all is done";
  sandbox_.AnswerShutdown();
  EXPECT_TRUE(Await(shutdown).ok());
  EXPECT_TRUE(service_->idle()) << "nobody else would delete the task";
  EXPECT_THAT(Events(), ElementsAre("create c1", "start c1", "exit c1 c1 137", "delete c1 137"));
}

TEST_F(SandboxTest, WhatIsOutOfOrderIsRefused) {
  for (const StatusCode code :
       {Code(&v1::SandboxClient::StartSandbox), Code(&v1::SandboxClient::StopSandbox),
        Code(&v1::SandboxClient::WaitSandbox), Code(&v1::SandboxClient::SandboxStatus),
        Code(&v1::SandboxClient::Platform), Code(&v1::SandboxClient::PingSandbox),
        Code(&v1::SandboxClient::SandboxMetrics)}) {
    EXPECT_EQ(code, StatusCode::kNotFound);
  }
  ASSERT_EQ(CreateSandbox(CreateSandboxRequest()), StatusCode::kOk);
  EXPECT_EQ(CreateSandbox(CreateSandboxRequest()), StatusCode::kAlreadyExists);
  EXPECT_EQ(CreateSandbox(CreateSandboxRequest("other")), StatusCode::kFailedPrecondition);
  EXPECT_EQ(SandboxState(), "SANDBOX_NOTREADY");
  EXPECT_EQ(Create("early"), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Code(&v1::SandboxClient::SandboxMetrics), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Code(&v1::SandboxClient::StartSandbox), StatusCode::kOk);
  EXPECT_EQ(Code(&v1::SandboxClient::StartSandbox), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Code(&v1::SandboxClient::StartSandbox, "other"), StatusCode::kNotFound);
  EXPECT_EQ(Code(&v1::SandboxClient::ShutdownSandbox, "other"), StatusCode::kNotFound);
  EXPECT_EQ(Code(&v1::SandboxClient::StopSandbox), StatusCode::kOk);
  EXPECT_EQ(Code(&v1::SandboxClient::StartSandbox), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Create("late"), StatusCode::kFailedPrecondition);
  EXPECT_EQ(shutdowns_, 0);
}

TEST_F(SandboxTest, MalformedRequestsAreNamed) {
  const auto refused = [this](const std::function<void(v1::CreateSandboxRequest&)>& spoil) {
    v1::CreateSandboxRequest request = CreateSandboxRequest();
    spoil(request);
    return CreateSandbox(request);
  };
  EXPECT_EQ(refused([](auto& request) { request.set_sandbox_id("../pod"); }),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(refused([](auto& request) { request.set_bundle_path("pod"); }),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(refused([](auto& request) { request.set_bundle_path("/no/such"); }),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(refused([](auto& request) { request.set_netns_path("netns"); }),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(refused([](auto& request) { request.add_rootfs()->set_type("bind"); }),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(refused([](auto& request) {
              request.mutable_options()->set_type_url("runtime.v1.PodSandboxConfig");
              request.mutable_options()->set_value("\x3a\x7f");
            }),
            StatusCode::kInvalidArgument);
  EXPECT_TRUE(sandbox_.idle());
  EXPECT_EQ(CreateSandbox(CreateSandboxRequest()), StatusCode::kOk);
}

TEST_F(SandboxTest, AShimOfTasksBecomesNoSandboxs) {
  Run("c1");
  EXPECT_EQ(CreateSandbox(CreateSandboxRequest()), StatusCode::kFailedPrecondition);
  EXPECT_EQ(Code(&v1::SandboxClient::ShutdownSandbox), StatusCode::kNotFound);
  EXPECT_EQ(StatusOf("c1"), "running");
}

TEST_F(SandboxTest, ShutdownIsAcceptedBeforeAnythingElse) {
  const auto shutdown = Begin(&v1::SandboxClient::ShutdownSandbox, "pod");
  RunUntil([&] { return shutdowns_ == 1; });
  sandbox_.AnswerShutdown();
  EXPECT_TRUE(Await(shutdown).ok());
}

TEST_F(SandboxTest, ShutdownEndsARunningSandboxAndItsTasks) {
  RunSandbox();
  Run("c1");
  ASSERT_EQ(Create("c2"), StatusCode::kOk);
  const auto waiting = Begin(&v1::SandboxClient::WaitSandbox, "pod");
  const auto first = Begin(&v1::SandboxClient::ShutdownSandbox, "pod");
  const auto second = Begin(&v1::SandboxClient::ShutdownSandbox, "pod");
  RunUntil([&] { return shutdowns_ == 1; });
  sandbox_.AnswerShutdown();
  EXPECT_TRUE(Await(first).ok());
  EXPECT_TRUE(Await(second).ok());
  EXPECT_TRUE(Await(waiting).ok());
  EXPECT_TRUE(service_->idle());
  EXPECT_THAT(Events(), Contains("delete c2 137"));
}

TEST_F(SandboxTest, APausedTaskIsEndedToo) {
  RunSandbox();
  Run("c1");
  ASSERT_EQ(Pause("c1"), StatusCode::kOk);
  EXPECT_EQ(Code(&v1::SandboxClient::StopSandbox), StatusCode::kOk);
  EXPECT_THAT(backend_.calls, Contains("resume c1"));
  EXPECT_EQ(StatusOf("c1"), "stopped");
}

TEST_F(SandboxTest, AStopThatFailsMayBeRepeated) {
  RunSandbox();
  Run("c1");
  backend_.immortal = true;
  v1::StopSandboxRequest request;
  request.set_sandbox_id("pod");
  request.set_timeout_secs(1);
  EXPECT_EQ(Await(Begin(&v1::SandboxClient::StopSandbox, request)).status().code(),
            StatusCode::kDeadlineExceeded);
  EXPECT_EQ(SandboxState(), "SANDBOX_READY");
  backend_.immortal = false;
  EXPECT_EQ(Await(Begin(&v1::SandboxClient::StopSandbox, request)).status().code(),
            StatusCode::kOk);
}

TEST_F(SandboxTest, ATaskCreatedWhileItsSandboxStopsIsKilled) {
  RunSandbox();
  backend_.Hold("create");
  const auto creating = ServiceTest::Begin(&v3::TaskClient::Create, CreateRequest("c1"));
  RunUntil([&] { return backend_.Held("create") == 1; });
  EXPECT_EQ(Code(&v1::SandboxClient::StopSandbox), StatusCode::kOk);
  backend_.Release("create");
  EXPECT_TRUE(Await(creating).ok());
  RunUntil([&] { return StatusOf("c1") == "stopped"; });
}

// --- a sandbox that is something of the backend's -------------------------------------------

class EnvironmentTest : public SandboxTest {
 protected:
  EnvironmentTest() { backend_.has_sandboxes = true; }
};

TEST_F(EnvironmentTest, TheBackendIsToldAllThereIs) {
  v1::CreateSandboxRequest request = CreateSandboxRequest();
  base::testing::WriteFile(temp_.File("pod/config.json"),
                           R"({"annotations":{"a":"bundle","b":"bundle","c":"bundle"}})");
  ::runtime::v1::PodSandboxConfig pod;
  (*pod.mutable_annotations())["b"] = "pod";
  (*pod.mutable_annotations())["c"] = "pod";
  request.mutable_options()->set_type_url("runtime.v1.PodSandboxConfig");
  request.mutable_options()->set_value(pod.SerializeAsString());
  (*request.mutable_annotations())["c"] = "call";
  request.set_netns_path("/run/netns/pod");
  ASSERT_EQ(CreateSandbox(request), StatusCode::kOk);
  EXPECT_EQ(backend_.sandbox.id, "pod");
  EXPECT_EQ(backend_.sandbox.bundle, temp_.File("pod"));
  EXPECT_EQ(backend_.sandbox.network, "/run/netns/pod");
  EXPECT_EQ(backend_.sandbox.options.value, pod.SerializeAsString());
  EXPECT_THAT(backend_.sandbox.annotations,
              UnorderedElementsAre(Pair("a", "bundle"), Pair("b", "pod"), Pair("c", "call")));
}

TEST_F(EnvironmentTest, StartAndStatusTellTheSamePid) {
  ASSERT_EQ(CreateSandbox(CreateSandboxRequest()), StatusCode::kOk);
  const auto started = On(&v1::SandboxClient::StartSandbox);
  ASSERT_TRUE(started.ok());
  EXPECT_GT(started->pid(), 0U);
  const auto status = On(&v1::SandboxClient::SandboxStatus);
  EXPECT_EQ(status->pid(), started->pid());
  EXPECT_EQ(status->created_at().SerializeAsString(), started->created_at().SerializeAsString());
  EXPECT_EQ(On(&v1::SandboxClient::SandboxMetrics)->metrics().data().value(), "metrics");
  EXPECT_EQ(Code(&v1::SandboxClient::StopSandbox), StatusCode::kOk);
  EXPECT_THAT(backend_.calls,
              ElementsAre("start-sandbox pod", "sample-sandbox pod", "stop-sandbox pod"));
}

TEST_F(EnvironmentTest, VerboseStatusIsJson) {
  RunSandbox();
  v1::SandboxStatusRequest request;
  request.set_sandbox_id("pod");
  request.set_verbose(true);
  const auto status = Await(Begin(&v1::SandboxClient::SandboxStatus, request));
  EXPECT_EQ(status->info().at("info"),
            absl::StrCat("{\"pid\":", status->pid(), ",\"processStatus\":\"running\"}"));
}

TEST_F(EnvironmentTest, ALossReleasesWhoWaits) {
  RunSandbox();
  const auto waiting = Begin(&v1::SandboxClient::WaitSandbox, "pod");
  RunReady();
  backend_.sandbox.on_end(137);
  EXPECT_EQ(Await(waiting)->exit_status(), 137U);
  EXPECT_EQ(SandboxState(), "SANDBOX_NOTREADY");
  EXPECT_EQ(Code(&v1::SandboxClient::StopSandbox), StatusCode::kOk);
  EXPECT_THAT(backend_.calls, Contains("stop-sandbox pod")) << "it may still clear up";
  EXPECT_EQ(On(&v1::SandboxClient::WaitSandbox)->exit_status(), 137U);
}

TEST_F(EnvironmentTest, AFailedStartIsTheEnd) {
  ASSERT_EQ(CreateSandbox(CreateSandboxRequest()), StatusCode::kOk);
  backend_.Fail("start-sandbox", absl::UnavailableError("no machine"));
  const auto waiting = Begin(&v1::SandboxClient::WaitSandbox, "pod");
  const auto started = On(&v1::SandboxClient::StartSandbox);
  EXPECT_EQ(started.status().code(), StatusCode::kUnknown) << "not the shim is unavailable";
  EXPECT_THAT(std::string(started.status().message()), HasSubstr("no machine"));
  EXPECT_NE(Await(waiting)->exit_status(), 0U);
  EXPECT_EQ(Code(&v1::SandboxClient::StartSandbox), StatusCode::kFailedPrecondition);
}

TEST_F(EnvironmentTest, AStopDuringTheStartEndsBoth) {
  ASSERT_EQ(CreateSandbox(CreateSandboxRequest()), StatusCode::kOk);
  backend_.Hold("start-sandbox");
  const auto starting = Begin(&v1::SandboxClient::StartSandbox, "pod");
  RunUntil([&] { return backend_.Held("start-sandbox") == 1; });
  EXPECT_EQ(Code(&v1::SandboxClient::StopSandbox), StatusCode::kOk);
  backend_.Release("start-sandbox", absl::CancelledError("stopped"));
  EXPECT_EQ(Await(starting).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(SandboxState(), "SANDBOX_NOTREADY");
}

TEST_F(EnvironmentTest, WhatCannotBeMadeIsNoSandbox) {
  backend_.Fail("make-sandbox", absl::InvalidArgumentError("vm.toml:1: kernel: missing"));
  EXPECT_EQ(CreateSandbox(CreateSandboxRequest()), StatusCode::kInvalidArgument);
  EXPECT_EQ(Code(&v1::SandboxClient::PingSandbox), StatusCode::kNotFound);
}

}  // namespace
}  // namespace shim::testing
