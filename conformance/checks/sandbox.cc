// SPDX-License-Identifier: Apache-2.0
// Contract 9.1 and 9.2: a sandbox from `start` to `delete`, as containerd's sandboxer `shim` drives
// it.
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>

#include "conformance/checks/areas.h"
#include "conformance/checks/sandbox_support.h"
#include "cri/v1/pod.pb.h"

namespace conformance {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::Gt;
using ::testing::Not;

// How long something forbidden gets to happen.
constexpr milliseconds kChance{100};
// How long a shim takes to end at most.
constexpr seconds kEndLimit{5};

std::int64_t Nanoseconds(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1'000'000'000 + time.nanos();
}

// --- creation and start --------------------------------------------------------------------------

void StartNeedsNoConfig(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  check.EXPECT_THAT(sandbox.Create(), IsOk(), {.text = "CreateSandbox as the first call"});
  check.EXPECT_THAT(sandbox.Ping(), IsOk());
}

void TakesWhatKubernetesPasses(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  const absl::Status created = sandbox.Create([](sandbox_v1::CreateSandboxRequest& request) {
    ::runtime::v1::PodSandboxConfig pod;
    (*pod.mutable_annotations())["example.com/of-the-pod"] = "1";
    std::string config = pod.SerializeAsString();
    config += "\x12\x03pod\x1a\x05/logs";  // hostname, log_directory
    request.mutable_options()->set_type_url("runtime.v1.PodSandboxConfig");
    request.mutable_options()->set_value(config);
    request.set_netns_path("/proc/self/ns/net");
    (*request.mutable_annotations())["example.com/of-the-call"] = "1";
  });
  check.ASSERT_THAT(created, IsOk(), {.text = "CreateSandbox with a PodSandboxConfig"});
  check.ASSERT_THAT(sandbox.Start().status(), IsOk());
  ExpectReady(check, sandbox, "of a pod");
}

void StartTellsPidAndTime(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  check.ASSERT_THAT(sandbox.Create(), IsOk());
  const sandbox_v1::StartSandboxResponse started = check.Require(sandbox.Start());
  check.EXPECT_THAT(Nanoseconds(started.created_at()), Gt(0),
                    {.text = "StartSandbox.created_at is a time"});
  if (started.pid() == 0) {
    check.Note("the sandbox has no process");
  } else {
    check.EXPECT_THAT(check.World().Find(static_cast<pid_t>(started.pid())).has_value(), Eq(true),
                      {.text = absl::StrCat("StartSandbox.pid ", started.pid(), " is a process")});
  }
  const sandbox_v1::SandboxStatusResponse status = check.Require(sandbox.Status());
  check.EXPECT_THAT(status.sandbox_id(), Eq(sandbox.id()), {.requirement = "SBX-10"});
  check.EXPECT_THAT(status.pid(), Eq(started.pid()),
                    {.text = "SandboxStatus.pid is that of StartSandbox", .requirement = "SBX-10"});
}

void StatusTellsTheTimes(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  const sandbox_v1::SandboxStatusResponse running = check.Require(sandbox.Status());
  check.EXPECT_THAT(Nanoseconds(running.created_at()), Gt(0), {.text = "created_at is a time"});
  check.ASSERT_THAT(sandbox.Stop(), IsOk());
  const sandbox_v1::SandboxStatusResponse stopped = check.Require(sandbox.Status());
  check.EXPECT_THAT(Nanoseconds(stopped.created_at()), Eq(Nanoseconds(running.created_at())),
                    {.text = "created_at stays"});
  check.EXPECT_THAT(Nanoseconds(stopped.exited_at()), Gt(Nanoseconds(running.created_at())),
                    {.text = "exited_at of a stopped sandbox"});
}

void StatesAreKubernetesNames(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  check.EXPECT_THAT(check.Require(sandbox.Status()).state(), Eq("SANDBOX_READY"),
                    {.code = why::kStateWrong});
  check.ASSERT_THAT(sandbox.Stop(), IsOk());
  check.EXPECT_THAT(check.Require(sandbox.Status()).state(), Eq("SANDBOX_NOTREADY"),
                    {.code = why::kStateWrong});
}

void VerboseInformationIsJson(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  const sandbox_v1::SandboxStatusResponse status = check.Require(sandbox.Status(/*verbose=*/true));
  const auto info = status.info().find("info");
  if (info == status.info().end()) return check.Note("verbose says nothing under `info`");
  check.EXPECT_THAT(nlohmann::json::parse(info->second, nullptr, false).is_object(), Eq(true),
                    {.text = absl::StrCat("an object of JSON: ", info->second)});
}

void PlatformIsGoNotation(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  const sandbox_v1::PlatformResponse response = check.Require(sandbox.Platform());
  check.EXPECT_THAT(response.platform().os(), Eq("linux"), {.text = "Platform.os"});
  check.EXPECT_THAT(
      response.platform().architecture(),
      AnyOf("amd64", "arm64", "arm", "386", "riscv64", "ppc64le", "s390x", "loong64", "mips64le"),
      {.text = "Platform.architecture is a GOARCH"});
}

void MetricsOrNone(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  const auto response = sandbox.Metrics();
  check.EXPECT_THAT(response.status().code(), AnyOf(StatusCode::kOk, StatusCode::kUnimplemented),
                    {.text = absl::StrCat("SandboxMetrics: ", response.status().ToString()),
                     .code = why::kReplyCode});
  if (response.ok()) {
    check.EXPECT_THAT(response->metrics().data().value(), Not(Eq("")),
                      {.text = "metrics that hold something"});
  }
  ExpectReady(check, sandbox, "after SandboxMetrics");
}

// --- the end -------------------------------------------------------------------------------------

void WaitsUntilTheStop(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  const SandboxUnderTest other = sandbox.Reconnected();
  const auto first = sandbox.WaitAsync();
  const auto second = other.WaitAsync();
  check.Linger(kChance);
  check.ASSERT_THAT(
      first->done() || second->done(), Eq(false),
      {.text = "WaitSandbox is pending while the sandbox runs", .code = why::kExitStatus});
  check.ASSERT_THAT(sandbox.Stop(), IsOk());
  const sandbox_v1::WaitSandboxResponse end =
      check.Require(AsSandboxEnd(first->Get()), {.requirement = "SBX-07"});
  check.EXPECT_THAT(Nanoseconds(end.exited_at()), Gt(0),
                    {.text = "WaitSandbox.exited_at", .requirement = "SBX-07"});
  for (const auto& again : {AsSandboxEnd(second->Get()), sandbox.Wait(), other.Wait()}) {
    const sandbox_v1::WaitSandboxResponse same = check.Require(again, {.requirement = "SBX-07"});
    check.EXPECT_THAT(same.exit_status(), Eq(end.exit_status()),
                      {.text = "every WaitSandbox tells the same status",
                       .code = why::kExitStatus,
                       .requirement = "SBX-07"});
    check.EXPECT_THAT(Nanoseconds(same.exited_at()), Eq(Nanoseconds(end.exited_at())),
                      {.text = "every WaitSandbox tells the same time",
                       .code = why::kExitStatus,
                       .requirement = "SBX-07"});
  }
}

void StopMayBeRepeated(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  for (const char* which : {"first", "second", "third"}) {
    check.EXPECT_THAT(sandbox.Stop(), IsOk(),
                      {.text = absl::StrCat("the ", which, " StopSandbox")});
  }
  check.EXPECT_THAT(sandbox.Wait().status(), IsOk(), {.requirement = "SBX-07"});
}

void StopKeepsToItsTime(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  const Task task = sandbox.RunContainer(Program("pause"));
  const auto begun = std::chrono::steady_clock::now();
  check.ASSERT_THAT(sandbox.Stop(/*timeout_secs=*/2), IsOk());
  const auto took =
      std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun);
  check.EXPECT_THAT(took.count(), ::testing::Lt(5000),
                    {.text = "StopSandbox with a time of 2 s", .code = why::kReplyDelayed});
  check.EXPECT_THAT(sandbox.Wait().status(), IsOk(), {.requirement = "SBX-07"});
  check.EXPECT_THAT(check.Require(sandbox.Status()).state(), Eq("SANDBOX_NOTREADY"),
                    {.text = "what was stopped", .code = why::kStateWrong});
}

void StoppedIsStillKnown(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  check.ASSERT_THAT(sandbox.Stop(), IsOk());
  check.Linger(kChance);
  const auto status = sandbox.Status();
  check.ASSERT_THAT(status, IsOk(), {.text = "SandboxStatus after StopSandbox"});
  check.EXPECT_THAT(status->sandbox_id(), Eq(sandbox.id()));
  check.EXPECT_THAT(sandbox.shim().alive(), Eq(true),
                    {.text = "the shim lives on", .code = why::kProcessState});
  check.EXPECT_THAT(sandbox.Ping(), IsOk());
}

void ShutdownEndsTheShim(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  check.ASSERT_THAT(sandbox.Stop(), IsOk());
  (void)sandbox.Shutdown();
  check.EXPECT_THAT(sandbox.shim().AwaitExit(kEndLimit), Eq(true),
                    {.text = "the shim ends after ShutdownSandbox", .code = why::kLeftProcess});
  check.EXPECT_THAT(check.CanConnect(sandbox.shim().address()), Eq(false),
                    {.text = "nobody listens any more", .code = why::kSocketState});
}

void ShutdownIsAnsweredFirst(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  check.ASSERT_THAT(sandbox.Stop(), IsOk());
  check.EXPECT_THAT(sandbox.Shutdown(), IsOk(),
                    {.text = "ShutdownSandbox is answered before the connection closes"});
  check.EXPECT_THAT(sandbox.shim().AwaitDisconnect(seconds(10)), Eq(true),
                    {.text = "then the connection closes", .requirement = "SBX-16"});
}

void ShutdownInAnyState(CheckContext& check) {
  const auto shuts_down = [&check](const SandboxUnderTest& sandbox, const std::string& state) {
    const absl::Status shut = sandbox.Shutdown();
    check.EXPECT_THAT(shut, IsOk(),
                      {.text = absl::StrCat("ShutdownSandbox of a sandbox that ", state)});
    if (!shut.ok()) return;
    check.ASSERT_THAT(sandbox.shim().AwaitExit(kEndLimit), Eq(true),
                      {.text = absl::StrCat("the end of the shim of a sandbox that ", state),
                       .code = why::kLeftProcess,
                       .requirement = "SBX-16"});
  };
  shuts_down(SandboxUnderTest(check), "was never created");
  const SandboxUnderTest created(check);
  check.ASSERT_THAT(created.Create(), IsOk());
  shuts_down(created, "was created only");
  const SandboxUnderTest running(check);
  running.Run();
  shuts_down(running, "runs");
}

void DeleteCopesWithItsBundle(CheckContext& check) {
  const auto deletes = [&check](const SandboxUnderTest& sandbox, const std::string& after) {
    const DeleteResult result = check.RunDelete(sandbox.bundle());
    check.EXPECT_THAT(result.command.ExitedWith(0) && result.decodable, Eq(true),
                      {.text = absl::StrCat("`delete` of a sandbox ", after, ": ",
                                            ::testing::PrintToString(result)),
                       .code = why::kProcessState});
  };
  const SandboxUnderTest orderly(check);
  orderly.Run();
  check.ASSERT_THAT(orderly.Stop(), IsOk());
  (void)orderly.Shutdown();
  check.ASSERT_THAT(orderly.shim().AwaitExit(kEndLimit), Eq(true), {.requirement = "SBX-16"});
  deletes(orderly, "that was shut down");
  const SandboxUnderTest killed(check);
  killed.Run();
  check.ASSERT_THAT(killed.shim().SendSignal(SIGKILL), IsOk(), {.code = why::kHarness});
  check.ASSERT_THAT(killed.shim().AwaitExit(kEndLimit), Eq(true), {.code = why::kHarness});
  deletes(killed, "whose shim was killed");
}

// --- what is wrong -------------------------------------------------------------------------------

void OutOfOrderIsRefused(CheckContext& check) {
  const auto order = [&check](const absl::Status& status, const std::string& what) {
    check.EXPECT_THAT(status, Refused(StatusCode::kNotFound, StatusCode::kFailedPrecondition),
                      {.text = what});
  };
  const SandboxUnderTest sandbox(check);
  order(sandbox.Start().status(), "StartSandbox before CreateSandbox");
  order(sandbox.Wait().status(), "WaitSandbox before CreateSandbox");
  order(sandbox.Status().status(), "SandboxStatus before CreateSandbox");
  check.ASSERT_THAT(sandbox.Create(), IsOk());
  check.EXPECT_THAT(sandbox.Create(), HasCode(StatusCode::kAlreadyExists),
                    {.text = "a second CreateSandbox"});
  check.ASSERT_THAT(sandbox.Start().status(), IsOk());
  order(sandbox.Start().status(), "a second StartSandbox");
  sandbox_v1::SandboxStatusRequest unknown;
  unknown.set_sandbox_id("no-such-sandbox");
  for (const char* method : {"SandboxStatus", "StopSandbox", "WaitSandbox", "PingSandbox"}) {
    order(sandbox.Call(method, unknown.SerializeAsString()).status(),
          absl::StrCat(method, " of a sandbox that is not there"));
  }
  ExpectReady(check, sandbox, "after what was refused");
  check.ASSERT_THAT(sandbox.Stop(), IsOk());
  order(sandbox.Start().status(), "StartSandbox after StopSandbox");
}

void HostileRequestsChangeNothing(CheckContext& check) {
  const SandboxUnderTest sandbox(check);
  sandbox.Run();
  const auto waiting = sandbox.WaitAsync();
  const std::string garbage = "\x0a\x7f\xff\xff";
  for (const char* method :
       {"CreateSandbox", "StartSandbox", "Platform", "StopSandbox", "WaitSandbox", "SandboxStatus",
        "PingSandbox", "ShutdownSandbox", "SandboxMetrics"}) {
    check.EXPECT_THAT(sandbox.Call(method, garbage), IsError(),
                      {.text = absl::StrCat(method, " with bytes that do not decode")});
    for (const std::string& id :
         {std::string(), std::string("../../etc"), std::string(4096, 'x')}) {
      sandbox_v1::PingRequest request;
      request.set_sandbox_id(id);
      check.EXPECT_THAT(sandbox.Call(method, request.SerializeAsString()), IsError(),
                        {.text = absl::StrCat(method, " of \"", id.substr(0, 16), "\"")});
    }
  }
  check.EXPECT_THAT(sandbox.Call("UpdateSandbox", ""), HasCode(StatusCode::kUnimplemented),
                    {.text = "a method that there is not", .requirement = "TT-14"});
  ExpectReady(check, sandbox, "after hostile requests");
  check.EXPECT_THAT(waiting->done(), Eq(false),
                    {.text = "WaitSandbox is still pending", .requirement = "SBX-06"});
}

}  // namespace

void AddSandboxChecks(std::vector<Check>& checks) {
  const Needs needs = ToNeeds(Need::kSandbox);
  const std::vector<Check> rows = {
      {.id = "sandbox/start-needs-no-config",
       .requirements = {"SBX-21", "SBX-01"},
       .needs = needs,
       .run = StartNeedsNoConfig},
      {.id = "sandbox/takes-what-kubernetes-passes",
       .requirements = {"SBX-02"},
       .needs = needs,
       .run = TakesWhatKubernetesPasses},
      {.id = "sandbox/start-tells-pid-and-time",
       .requirements = {"SBX-04", "SBX-10"},
       .needs = needs,
       .run = StartTellsPidAndTime},
      {.id = "sandbox/status-tells-the-times",
       .requirements = {"SBX-11"},
       .level = Level::kShould,
       .needs = needs,
       .run = StatusTellsTheTimes},
      {.id = "sandbox/states-are-the-names-of-kubernetes",
       .requirements = {"SBX-09"},
       .needs = needs,
       .run = StatesAreKubernetesNames},
      {.id = "sandbox/verbose-information-is-json",
       .requirements = {"SBX-12"},
       .level = Level::kShould,
       .needs = needs,
       .run = VerboseInformationIsJson},
      {.id = "sandbox/platform-is-told-as-go-does",
       .requirements = {"SBX-08"},
       .needs = needs,
       .run = PlatformIsGoNotation},
      {.id = "sandbox/metrics-or-none",
       .requirements = {"SBX-20"},
       .level = Level::kShould,
       .needs = needs,
       .run = MetricsOrNone},
      {.id = "sandbox/wait-lasts-until-the-stop",
       .requirements = {"SBX-06", "SBX-07"},
       .needs = needs,
       .run = WaitsUntilTheStop},
      {.id = "sandbox/stop-may-be-repeated",
       .requirements = {"SBX-14", "SBX-07"},
       .needs = needs,
       .run = StopMayBeRepeated},
      {.id = "sandbox/stop-keeps-to-its-time",
       .requirements = {"SBX-14"},
       .needs = needs,
       .run = StopKeepsToItsTime},
      {.id = "sandbox/what-was-stopped-is-still-known",
       .requirements = {"SBX-15", "SBX-13"},
       .needs = needs,
       .run = StoppedIsStillKnown},
      {.id = "sandbox/shutdown-ends-the-shim",
       .requirements = {"SBX-16"},
       .needs = needs,
       .run = ShutdownEndsTheShim},
      {.id = "sandbox/shutdown-is-answered-first",
       .requirements = {"SBX-17", "SBX-16"},
       .level = Level::kShould,
       .needs = needs,
       .run = ShutdownIsAnsweredFirst},
      {.id = "sandbox/shutdown-is-accepted-in-any-state",
       .requirements = {"SBX-03", "SBX-16"},
       .needs = needs,
       .run = ShutdownInAnyState},
      {.id = "sandbox/delete-copes-with-its-bundle",
       .requirements = {"SBX-18"},
       .level = Level::kShould,
       .needs = needs,
       .run = DeleteCopesWithItsBundle},
      {.id = "sandbox/what-is-out-of-order-is-refused",
       .requirements = {"SBX-22"},
       .level = Level::kShould,
       .needs = needs,
       .run = OutOfOrderIsRefused},
      {.id = "sandbox/hostile-requests-change-nothing",
       .requirements = {"SBX-22", "SBX-06", "TT-14", "TT-15"},
       .level = Level::kShould,
       .needs = needs,
       .run = HostileRequestsChangeNothing},
  };
  checks.insert(checks.end(), rows.begin(), rows.end());
  AddSandboxTaskChecks(checks);
}

}  // namespace conformance
