// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>

#include "reference-shim/backends/vm/agent.h"
#include "reference-shim/backends/vm/pod_network.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"

namespace backends {

// Has the agent of a guest that has booted make its network that of the pod: interfaces, one after
// the other, then neighbours, then routes. What there is nothing of is not asked for. An interface
// whose device the guest has not found yet is asked for again.
class GuestNetwork {
 public:
  // All borrowed.
  GuestNetwork(boost::asio::io_context& loop, Agent& agent, const PodNetwork& network);
  GuestNetwork(const GuestNetwork&) = delete;
  GuestNetwork& operator=(const GuestNetwork&) = delete;

  // Once. Completes from the loop, or at once if there is nothing to do; not after destruction.
  void Run(shim::Done<> done);

 private:
  void UpdateInterface();
  void AddNeighbors();
  void UpdateRoutes();
  void Finish(const absl::Status& status);

  Agent& agent_;
  const PodNetwork& network_;
  std::size_t nic_ = 0;  // the present one
  int tries_ = 0;        // of it
  shim::Done<> done_;
  shim::Deadline retry_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
