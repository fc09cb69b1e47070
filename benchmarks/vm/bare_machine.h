// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/agent.ttrpc.h"
#include "agent/health.ttrpc.h"
#include "base/spawn.h"
#include "benchmarks/tasks/place.h"
#include "benchmarks/tasks/task_life.h"
#include "benchmarks/vm/hypervisor_api.h"
#include "ttrpc/client.h"

namespace benchmarks::vm {

// The stand-in hypervisor with its guest, driven by nobody but this process: the calls and mounts
// that a VM and its containers take, one after the other, and nothing else. Nothing is relayed,
// watched, recorded or undone. What no shim can save.
class BareMachine {
 public:
  // Borrowed. `hypervisor`: path of the program.
  BareMachine(boost::asio::io_context& loop, const tasks::Place& place, std::string hypervisor,
              std::string id);
  // Ends what still runs, by force.
  ~BareMachine();
  BareMachine(const BareMachine&) = delete;
  BareMachine& operator=(const BareMachine&) = delete;

  // From nothing to an agent that is ready for containers. Once.
  absl::Status Boot();
  // The reverse.
  absl::Status End();

  // The steps of a container that ends by itself with 0, in their order.
  absl::Status Create(const std::string& container, std::vector<std::string> args);
  absl::Status RunToExit();
  absl::Status Remove();
  // All of them, with what they took.
  absl::StatusOr<tasks::TaskTimes> Run(const std::string& container, std::vector<std::string> args);

  // When the steps of the last container happened.
  [[nodiscard]] tasks::TaskTimes& times() { return times_; }
  [[nodiscard]] pid_t pid() const { return program_.pid; }
  // Where its guest's ports are reached.
  [[nodiscard]] const std::string& vsock() const { return vsock_; }

 private:
  absl::Status ShareDirectory() const;
  absl::Status ConnectAgent();
  // Runs the loop until a call has been answered.
  template <typename Response>
  absl::Status Await(
      const std::function<void(std::function<void(absl::StatusOr<Response>)>)>& call);
  void ReadOutput(bool errors);
  [[nodiscard]] std::string RootOf(const std::string& container) const;

  boost::asio::io_context& loop_;
  const tasks::Place& place_;
  const std::string hypervisor_;
  const std::string id_;
  const std::string directory_;
  const std::string vsock_;
  base::Child program_;
  std::optional<HypervisorApi> api_;
  std::unique_ptr<ttrpc::Client> client_;
  std::unique_ptr<grpc::AgentServiceClient> agent_;
  std::string container_;
  tasks::TaskTimes times_;
  int pending_ = 0;  // of the exit and both outputs
  absl::Status failure_;
};

}  // namespace benchmarks::vm
