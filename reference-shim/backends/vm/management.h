// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "reference-shim/backends/vm/management_server.h"
#include "reference-shim/shim/call_log.h"

namespace backends {

class Agent;
class Sandbox;

// What somebody on the host may ask about a VM while it runs, by the paths that Kata Containers'
// shims have, so that tools made for those work: metrics, where the agent is reached, the guest's
// packet filters and volumes.
class Management {
 public:
  // Both borrowed; `calls` may be null.
  Management(const Sandbox& sandbox, const shim::CallLog* calls)
      : sandbox_(sandbox), calls_(calls) {}
  Management(const Management&) = delete;
  Management& operator=(const Management&) = delete;

  absl::Status Listen(boost::asio::io_context& loop, const std::string& path);

 private:
  using Done = ManagementServer::Done;
  struct Call;
  struct Route;
  static const Route kRoutes[];

  void Handle(const ManagementRequest& request, Done done);
  // Each answers one path. The agent is there.
  void Metrics(Agent& agent, const Call& call, Done done);
  void AgentUrl(Agent& agent, const Call& call, Done done);
  void GetIpTables(Agent& agent, const Call& call, Done done);
  void SetIpTables(Agent& agent, const Call& call, Done done);
  void VolumeStats(Agent& agent, const Call& call, Done done);
  void ResizeVolume(Agent& agent, const Call& call, Done done);

  const Sandbox& sandbox_;
  const shim::CallLog* const calls_;
  std::unique_ptr<ManagementServer> server_;
};

}  // namespace backends
