// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/agent.ttrpc.h"
#include "agent/health.ttrpc.h"
#include "base/log.h"
#include "base/testing/leak_guard.h"
#include "fakes/guest_agent/guest_agent.h"
#include "ttrpc/client.h"

namespace fakes::testing {

// An answer that may not have come yet.
template <typename Response>
using Pending = std::shared_ptr<std::optional<absl::StatusOr<Response>>>;

// A container `id` whose process is `args`, with the programs of this machine; its root is made in
// the shared directory `shared`.
grpc::CreateContainerRequest MakeContainer(const std::string& shared, const std::string& id,
                                           std::vector<std::string> args);

// Directories of cgroups that the agent in process `pid` has made for its guests, ascending. Empty
// without cgroups.
std::vector<std::string> GuestCgroups(pid_t pid);

// An agent and its runtime in one process, with a directory that they share, over a socket pair.
// Every test ends with the proof that neither processes, mounts, cgroups nor files are left.
// Containers have the programs of this machine. Needs root.
class GuestTest : public base::testing::ProcessTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Starts the agent; `edit` may change its configuration before.
  void Boot(const std::function<void(GuestConfig&)>& edit = {});
  // With a sandbox in it.
  void BootSandbox();
  // One more connection.
  std::unique_ptr<ttrpc::Client> Connect();

  template <typename Request, typename Response>
  using Method = void (grpc::AgentServiceClient::*)(const Request&, const ttrpc::CallOptions&,
                                                    std::function<void(absl::StatusOr<Response>)>);

  // Makes the call; the answer comes while the loop runs.
  template <typename Request, typename Response>
  Pending<Response> Begin(Method<Request, Response> method, const Request& request) {
    auto pending = std::make_shared<std::optional<absl::StatusOr<Response>>>();
    grpc::AgentServiceClient agent(*client_);
    (agent.*method)(request, {}, [pending](absl::StatusOr<Response> result) {
      pending->emplace(std::move(result));
    });
    return pending;
  }
  template <typename Response>
  absl::StatusOr<Response> Await(const Pending<Response>& pending) {
    RunUntil([&pending] { return pending->has_value(); });
    if (!pending->has_value()) return absl::DeadlineExceededError("no answer");
    return **pending;
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> Do(Method<Request, Response> method, const Request& request) {
    return Await(Begin(method, request));
  }
  // Runs the loop until `done`, at most for the test's patience; whether it was done.
  bool RunUntil(const std::function<bool()>& done);
  // Runs the loop until the agent has dealt with all that was sent before: one health check.
  void Settle();

  grpc::CreateContainerRequest Container(const std::string& id, std::vector<std::string> args) {
    return MakeContainer(SharedDirectory(), id, std::move(args));
  }
  absl::Status Create(const grpc::CreateContainerRequest& request);
  absl::Status Start(const std::string& id);
  // Both, for a shell script.
  void RunScript(const std::string& id, const std::string& script);
  absl::Status Exec(const std::string& id, const std::string& exec_id, const std::string& script,
                    bool terminal = false);
  absl::Status Signal(const std::string& id, const std::string& exec_id, unsigned signo);
  absl::Status Remove(const std::string& id);
  // The status, -1 after an error, which fails the test.
  int Wait(const std::string& id, const std::string& exec_id = "");
  Pending<grpc::WaitProcessResponse> BeginWait(const std::string& id,
                                               const std::string& exec_id = "");
  Pending<grpc::ReadStreamResponse> BeginRead(const std::string& id,
                                              const std::string& exec_id = "",
                                              std::uint32_t max = 32 * 1024);
  // All output until its end, or until it contains `text`.
  std::string ReadAll(const std::string& id, const std::string& exec_id = "",
                      const std::string& text = "", bool errors = false);
  absl::Status Write(const std::string& id, const std::string& exec_id, const std::string& data);

  [[nodiscard]] std::string RunDirectory() const { return temp_.File("run"); }
  [[nodiscard]] std::string SharedDirectory() const { return temp_.File("shared"); }

  boost::asio::io_context loop_;
  base::Log log_;
  std::unique_ptr<GuestAgent> agent_;
  std::unique_ptr<ttrpc::Client> client_;
  int power_offs_ = 0;
};

}  // namespace fakes::testing
