// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "base/log.h"
#include "fakes/hypervisor/guest_services.h"
#include "fakes/hypervisor/hypervisor_options.h"

namespace fakes {

// The stand-in for Cloud Hypervisor: API, machine, faults and control socket on one event loop.
class Hypervisor {
 public:
  // `on_exit` is called once, from the loop, with the code that the process shall exit with; all
  // processes of the guest are gone and all sockets removed by then. `log` and `loop` are borrowed.
  Hypervisor(boost::asio::io_context& loop, HypervisorOptions options, GuestFactory factory,
             base::Log& log, std::function<void(int)> on_exit);
  ~Hypervisor();
  Hypervisor(const Hypervisor&) = delete;
  Hypervisor& operator=(const Hypervisor&) = delete;

  // Listens, as far as no fault is in the way. What fails is logged and is the end, with 1.
  void Start();

  // The end, soon, with 0: as by vmm.shutdown.
  void Stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // shared with calls that a fault holds up
};

}  // namespace fakes
