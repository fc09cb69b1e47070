// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "conformance/harness/check_context_scope.h"
#include "conformance/harness/shim_under_test.h"
#include "conformance/harness/shim_under_test_daemons.h"

namespace ttrpc {
class Client;
}

namespace conformance {

// Connects to an address as `start` printed it (OUT-07). UNIMPLEMENTED for vsock addresses.
absl::StatusOr<base::UniqueFd> Dial(const std::string& address);

// One ttrpc connection to a shim. Every call is recorded; every OK answer is a sign of life.
class ShimConnection : public ShimUnderTest {
 public:
  // `number` is the connection's own within the check.
  ShimConnection(CheckScope& scope, DaemonTable& daemons, std::size_t number, std::string address,
                 int task_version, base::UniqueFd socket);
  ~ShimConnection() override;

  const std::string& address() const override { return address_; }
  std::string socket_path() const override;
  int task_version() const override { return task_version_; }
  pid_t pid() override;
  bool alive() override;
  bool connected() const override;
  absl::StatusOr<ConnectInfo> Connect(const std::string& id, const CallOptions& options) override;
  absl::Status Shutdown(const std::string& id, bool now) override;
  absl::StatusOr<std::string> Call(const std::string& method, const std::string& request,
                                   const CallOptions& options) override;
  std::unique_ptr<PendingReply> CallAsync(const std::string& method, const std::string& request,
                                          const CallOptions& options) override;
  absl::StatusOr<std::string> CallService(const std::string& service, const std::string& method,
                                          const std::string& request,
                                          const CallOptions& options) override;
  void Disconnect() override;
  bool AwaitDisconnect(std::chrono::milliseconds deadline) override;
  absl::Status SendSignal(int signo) override;
  bool AwaitExit(std::chrono::milliseconds deadline) override;

  [[nodiscard]] std::size_t number() const { return number_; }
  // The daemon behind it, nullptr while nobody has asked for its pid.
  [[nodiscard]] ShimDaemon* daemon() const { return daemon_; }
  // Learns who the daemon is by a Connect call; falls back to version 2 of the Task service when
  // the announced one is not there (VERS-04). Fails like the call, or with INTERNAL when the reply
  // names no live process (CONN-01). Costs nothing once known.
  absl::Status MeetDaemon(const CallOptions& options = {});
  // Shutdown as the interface says, with a cap of its own.
  absl::Status ShutdownWithin(const std::string& id, bool now, const CallOptions& options);

 private:
  std::unique_ptr<PendingReply> Begin(const std::string& service, const std::string& method,
                                      const std::string& request, const CallOptions& options);
  std::string WithVmOptions(const std::string& request);
  // A call of the Sandbox service has succeeded.
  void NoteSandbox(const std::string& method, const std::string& request);
  [[nodiscard]] std::string TaskService() const;
  void RequireDaemon();

  CheckScope& scope_;
  DaemonTable& daemons_;
  const std::size_t number_;
  const std::string address_;
  int task_version_;
  ShimDaemon* daemon_ = nullptr;
  std::unique_ptr<ttrpc::Client> client_;
};

}  // namespace conformance
