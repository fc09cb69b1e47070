// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <vector>

#include "base/unique_fd.h"
#include "fakes/hypervisor/guest_machine.h"

namespace fakes {

// The host's side of a NIC.
struct HostTap {
  std::vector<base::UniqueFd> queues;  // do not block
  unsigned header_bytes = 0;           // of a virtio-net header before each frame; 0: there is none
};

// The tap that `nic` names or brings. As with Cloud Hypervisor one that is not there is made, up,
// and goes with the machine; without a name it is vmtap0 or the next. INVALID_ARGUMENT says which
// descriptor is no tap.
absl::StatusOr<HostTap> OpenHostTap(const MachineNic& nic);

}  // namespace fakes
