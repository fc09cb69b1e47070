// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "conformance/harness/check_context.h"
#include "runtime/sandbox/v1/sandbox.pb.h"

// What the checks of the Sandbox API share.
namespace conformance {

namespace sandbox_v1 = containerd::runtime::sandbox::v1;

// A sandbox as containerd drives it: a bundle without a specification, a shim of its own, and the
// calls. Clean-up shuts down what was created and not shut down. Cheap to copy; copies mean the
// same.
class SandboxUnderTest {
 public:
  // Runs `start`, which must succeed.
  explicit SandboxUnderTest(CheckContext& check);

  [[nodiscard]] const std::string& id() const { return bundle_.id; }
  [[nodiscard]] const Bundle& bundle() const { return bundle_; }
  [[nodiscard]] ShimUnderTest& shim() const { return *shim_; }
  // The same over another connection, as a container of it has (SBX-30), or a restarted containerd.
  [[nodiscard]] SandboxUnderTest Reconnected() const;

  absl::Status Create(
      const std::function<void(sandbox_v1::CreateSandboxRequest&)>& edit = nullptr) const;
  [[nodiscard]] absl::StatusOr<sandbox_v1::StartSandboxResponse> Start() const;
  [[nodiscard]] absl::StatusOr<sandbox_v1::PlatformResponse> Platform() const;
  absl::Status Stop(std::uint32_t timeout_secs = 0) const;
  [[nodiscard]] absl::StatusOr<sandbox_v1::WaitSandboxResponse> Wait() const;
  // Pending, over a connection of its own.
  [[nodiscard]] std::unique_ptr<PendingReply> WaitAsync() const;
  [[nodiscard]] absl::StatusOr<sandbox_v1::SandboxStatusResponse> Status(
      bool verbose = false) const;
  absl::Status Ping() const;
  absl::Status Shutdown() const;
  [[nodiscard]] absl::StatusOr<sandbox_v1::SandboxMetricsResponse> Metrics() const;

  // Any method with any request.
  absl::StatusOr<std::string> Call(const std::string& method, const std::string& request) const;

  // Create and Start, which must succeed.
  void Run() const;
  // A container in it, created over this connection without a `start` of its own, and started.
  [[nodiscard]] Task RunContainer(const ProcessSpec& process) const;

 private:
  SandboxUnderTest(CheckContext& check, Bundle bundle, ShimUnderTest& shim)
      : check_(&check), bundle_(std::move(bundle)), shim_(&shim) {}
  template <typename Request>
  Request Named() const;
  template <typename Response, typename Request>
  absl::StatusOr<Response> CallAs(const char* method, const Request& request) const;

  CheckContext* check_;
  Bundle bundle_;
  ShimUnderTest* shim_;
};

// What WaitAsync has brought.
absl::StatusOr<sandbox_v1::WaitSandboxResponse> AsSandboxEnd(absl::StatusOr<std::string> reply);

// That the sandbox is as ready as ever: what proves that something did not matter to it.
void ExpectReady(CheckContext& check, const SandboxUnderTest& sandbox, const std::string& after);

// The rest of area "sandbox".
void AddSandboxTaskChecks(std::vector<Check>& checks);  // contract 9.3

}  // namespace conformance
