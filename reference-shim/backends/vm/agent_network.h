// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/agent.pb.h"
#include "reference-shim/backends/vm/pod_network.h"

namespace backends {

// A pod's network in the terms of the agent's protocol. The default route has no destination.
types::Interface ToInterface(const PodNic& nic);
grpc::ARPNeighbors ToNeighbors(const PodNetwork& network);
// Those through a gateway last: it may be reached by one of the others.
grpc::Routes ToRoutes(const PodNetwork& network);

}  // namespace backends
