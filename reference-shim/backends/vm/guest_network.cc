// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/guest_network.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "reference-shim/backends/vm/limits.h"

namespace backends {

GuestNetwork::GuestNetwork(boost::asio::io_context& loop, Agent& agent, const PodNetwork& network)
    : agent_(agent), network_(network), retry_(loop) {}

void GuestNetwork::Run(shim::Done<> done) {
  done_ = std::move(done);
  UpdateInterface();
}

// Nothing tells when the guest's kernel has found a device.
void GuestNetwork::UpdateInterface() {
  if (nic_ == network_.nics.size()) return AddNeighbors();
  const PodNic& nic = network_.nics[nic_];
  agent_.UpdateInterface(nic, guard_.Wrap([this, &nic](const absl::Status& status) {
    // An agent that does not answer is not asked again.
    if (!status.ok() && !absl::IsDeadlineExceeded(status) && ++tries_ < kInterfaceTries) {
      return retry_.Set(kInterfacePause, [this] { UpdateInterface(); });
    }
    if (!status.ok()) return Finish(base::Annotate(status, nic.link.name));
    ++nic_;
    tries_ = 0;
    UpdateInterface();
  }));
}

void GuestNetwork::AddNeighbors() {
  const bool none = std::all_of(network_.nics.begin(), network_.nics.end(),
                                [](const PodNic& nic) { return nic.neighbors.empty(); });
  if (none) return UpdateRoutes();
  agent_.AddNeighbors(network_, guard_.Wrap([this](const absl::Status& status) {
    status.ok() ? UpdateRoutes() : Finish(status);
  }));
}

void GuestNetwork::UpdateRoutes() {
  const bool none = std::all_of(network_.nics.begin(), network_.nics.end(),
                                [](const PodNic& nic) { return nic.routes.empty(); });
  if (none) return Finish(absl::OkStatus());
  agent_.UpdateRoutes(network_,
                      guard_.Wrap([this](const absl::Status& status) { Finish(status); }));
}

void GuestNetwork::Finish(const absl::Status& status) {
  std::exchange(done_, nullptr)(status);  // may destroy this
}

}  // namespace backends
