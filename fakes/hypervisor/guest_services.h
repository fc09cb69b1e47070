// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "fakes/hypervisor/guest_machine.h"

namespace fakes {

// What lives in a booted guest: the programs behind its vsock ports.
class GuestServices {
 public:
  virtual ~GuestServices() = default;
  // A stream to the guest's `port`. False: nobody listens there.
  virtual bool Serve(std::uint32_t port, base::UniqueFd connection) = 0;
  // A disk is plugged in, or out.
  virtual void AddDisk(const MachineDisk& disk) = 0;
  virtual void RemoveDisk(const std::string& bdf) = 0;
  // Gives the guest a NIC and returns the wire to it, which does not block: a read of it is a frame
  // that the guest has sent, with `header_bytes` of a virtio-net header before it. The NIC goes
  // with the wire. `mac` empty: any.
  virtual absl::StatusOr<base::UniqueFd> AddNic(const std::string& mac, unsigned header_bytes) = 0;
  // Ends every process of the guest and returns when none is left. Called once, before the
  // destructor.
  virtual void Stop() = 0;
};

// Makes a guest at each boot. `power_off` is for the guest to call, from the loop, when it turns
// itself off: the machine is stopped soon after, not from within.
using GuestFactory =
    std::function<absl::StatusOr<std::unique_ptr<GuestServices>>(std::function<void()> power_off)>;

}  // namespace fakes
