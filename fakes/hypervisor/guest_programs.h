// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "base/log.h"
#include "fakes/hypervisor/guest_services.h"
#include "fakes/hypervisor/hypervisor_options.h"

namespace fakes {

// What runs in the guests of shimgauge-hypervisor: the agent at its port, and at that of the
// guest's log a stream that says nothing. `loop` and `log` are borrowed by all guests made.
GuestFactory GuestsWithPrograms(boost::asio::io_context& loop, const HypervisorOptions& options,
                                base::Log& log);

}  // namespace fakes
