// SPDX-License-Identifier: Apache-2.0
#include "conformance/checks/sandbox_support.h"

#include <absl/strings/str_cat.h>

#include <utility>

#include "conformance/checks/wire_connection.h"

namespace conformance {
namespace {

using ::testing::Eq;

constexpr char kService[] = "containerd.runtime.sandbox.v1.Sandbox";

constexpr std::uint32_t kStream = 1;

class PendingWait : public PendingReply {
 public:
  PendingWait(CheckContext& check, ShimUnderTest& shim, const std::string& request)
      : connection_(check, shim) {
    ttrpc::RequestEnvelope envelope;
    envelope.service = kService;
    envelope.method = "WaitSandbox";
    envelope.payload = request;
    check.ASSERT_THAT(connection_.Send(RequestFrame(kStream, envelope)), Eq(true),
                      {.text = "WaitSandbox is sent", .code = why::kConnectionLost});
  }
  bool done() const override { return connection_.Count(kStream) > 0 || connection_.closed(); }
  absl::StatusOr<std::string> Get() override { return connection_.Answer(kStream); }

 private:
  mutable WireConnection connection_;  // looking reads
};

}  // namespace

SandboxUnderTest::SandboxUnderTest(CheckContext& check)
    : check_(&check), bundle_(check.MakeBundle(Program("pause"), {.omit_config = true})) {
  const StartResult result = check.RunStart(bundle_);
  check.ASSERT_THAT(result.usable(), Eq(true),
                    {.text = absl::StrCat("`start` in a bundle without config.json: ",
                                          ::testing::PrintToString(result)),
                     .code = why::kStartFailed,
                     .requirement = "SBX-21"});
  shim_ = &check.ConnectTo(result.address, result.version < 3 ? 2 : 3);
  // Whose end ShutdownSandbox explains has to be known before.
  (void)shim_->pid();
}

SandboxUnderTest SandboxUnderTest::Reconnected() const {
  ShimUnderTest& other = check_->ConnectTo(shim_->address(), shim_->task_version());
  (void)other.pid();
  return {*check_, bundle_, other};
}

template <typename Request>
Request SandboxUnderTest::Named() const {
  Request request;
  request.set_sandbox_id(id());
  return request;
}

absl::StatusOr<std::string> SandboxUnderTest::Call(const std::string& method,
                                                   const std::string& request) const {
  return shim_->CallService(kService, method, request);
}

template <typename Response, typename Request>
absl::StatusOr<Response> SandboxUnderTest::CallAs(const char* method,
                                                  const Request& request) const {
  const absl::StatusOr<std::string> payload = Call(method, request.SerializeAsString());
  if (!payload.ok()) return payload.status();
  Response response;
  if (response.ParseFromString(*payload)) return response;
  return absl::DataLossError(absl::StrCat("the response of ", method, " does not decode"));
}

absl::Status SandboxUnderTest::Create(
    const std::function<void(sandbox_v1::CreateSandboxRequest&)>& edit) const {
  auto request = Named<sandbox_v1::CreateSandboxRequest>();
  request.set_bundle_path(bundle_.path);
  if (edit) edit(request);
  return CallAs<sandbox_v1::CreateSandboxResponse>("CreateSandbox", request).status();
}

absl::StatusOr<sandbox_v1::StartSandboxResponse> SandboxUnderTest::Start() const {
  return CallAs<sandbox_v1::StartSandboxResponse>("StartSandbox",
                                                  Named<sandbox_v1::StartSandboxRequest>());
}

absl::StatusOr<sandbox_v1::PlatformResponse> SandboxUnderTest::Platform() const {
  return CallAs<sandbox_v1::PlatformResponse>("Platform", Named<sandbox_v1::PlatformRequest>());
}

absl::Status SandboxUnderTest::Stop(std::uint32_t timeout_secs) const {
  auto request = Named<sandbox_v1::StopSandboxRequest>();
  request.set_timeout_secs(timeout_secs);
  return CallAs<sandbox_v1::StopSandboxResponse>("StopSandbox", request).status();
}

absl::StatusOr<sandbox_v1::WaitSandboxResponse> SandboxUnderTest::Wait() const {
  return CallAs<sandbox_v1::WaitSandboxResponse>("WaitSandbox",
                                                 Named<sandbox_v1::WaitSandboxRequest>());
}

std::unique_ptr<PendingReply> SandboxUnderTest::WaitAsync() const {
  return std::make_unique<PendingWait>(*check_, *shim_,
                                       Named<sandbox_v1::WaitSandboxRequest>().SerializeAsString());
}

absl::StatusOr<sandbox_v1::SandboxStatusResponse> SandboxUnderTest::Status(bool verbose) const {
  auto request = Named<sandbox_v1::SandboxStatusRequest>();
  request.set_verbose(verbose);
  return CallAs<sandbox_v1::SandboxStatusResponse>("SandboxStatus", request);
}

absl::Status SandboxUnderTest::Ping() const {
  return CallAs<sandbox_v1::PingResponse>("PingSandbox", Named<sandbox_v1::PingRequest>()).status();
}

absl::Status SandboxUnderTest::Shutdown() const {
  return CallAs<sandbox_v1::ShutdownSandboxResponse>("ShutdownSandbox",
                                                     Named<sandbox_v1::ShutdownSandboxRequest>())
      .status();
}

absl::StatusOr<sandbox_v1::SandboxMetricsResponse> SandboxUnderTest::Metrics() const {
  return CallAs<sandbox_v1::SandboxMetricsResponse>("SandboxMetrics",
                                                    Named<sandbox_v1::SandboxMetricsRequest>());
}

void SandboxUnderTest::Run() const {
  check_->Require(Create(), {.text = "CreateSandbox", .requirement = "SBX-01"});
  check_->Require(Start().status(), {.text = "StartSandbox", .requirement = "SBX-04"});
}

Task SandboxUnderTest::RunContainer(const ProcessSpec& process) const {
  CreateOptions options;
  options.shim = shim_;
  return check_->Run(process, options);
}

absl::StatusOr<sandbox_v1::WaitSandboxResponse> AsSandboxEnd(absl::StatusOr<std::string> reply) {
  if (!reply.ok()) return reply.status();
  sandbox_v1::WaitSandboxResponse response;
  if (response.ParseFromString(*reply)) return response;
  return absl::DataLossError("the response of WaitSandbox does not decode");
}

void ExpectReady(CheckContext& check, const SandboxUnderTest& sandbox, const std::string& after) {
  const auto status = sandbox.Status();
  check.EXPECT_THAT(status, IsOk(), {.text = absl::StrCat("SandboxStatus ", after)});
  if (!status.ok()) return;
  check.EXPECT_THAT(status->state(), Eq("SANDBOX_READY"),
                    {.text = absl::StrCat("the sandbox ", after), .code = why::kStateWrong});
}

}  // namespace conformance
