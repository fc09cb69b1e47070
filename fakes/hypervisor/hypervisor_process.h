// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/log.h"
#include "fakes/hypervisor/guest_services.h"
#include "fakes/hypervisor/hypervisor_options.h"

namespace fakes {

// What lives in the guests of one process; borrows its arguments.
using MakeGuests =
    std::function<GuestFactory(boost::asio::io_context&, const HypervisorOptions&, base::Log&)>;

// The program shimgauge-hypervisor, from its arguments (without argv[0]) to its exit code: 0 after
// vmm.shutdown, SIGTERM, SIGINT or a guest that has turned itself off; 1 with a message on stderr.
int RunHypervisor(const std::vector<std::string>& args, const MakeGuests& guests);

}  // namespace fakes
