// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "fakes/hypervisor/guest_machine.h"

namespace fakes {

// The wire between the host's side of a NIC and the guest's: each frame of one goes to the other
// from the loop. A frame for which there is no room is dropped, as by any network, so that a side
// that does not read holds up nobody. A side that is gone is silent from then on.
class NicRelay {
 public:
  // Descriptors do not block; a read of them is one frame, as is a write, in the same form on both
  // sides. All of `host`, the queues of one device, are read; the first is written to.
  NicRelay(boost::asio::io_context& loop, std::vector<base::UniqueFd> host, base::UniqueFd guest);
  ~NicRelay();
  NicRelay(const NicRelay&) = delete;
  NicRelay& operator=(const NicRelay&) = delete;

  // Begins, and goes on after Pause(): meanwhile frames stay where they are.
  void Start();
  void Pause();

  // Of frames that have arrived, as the guest counts them.
  [[nodiscard]] NicCounters counters() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with the operations under way
};

}  // namespace fakes
