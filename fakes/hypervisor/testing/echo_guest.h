// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>

#include "fakes/hypervisor/guest_services.h"

namespace fakes::testing {

// Guests whose agent port sends back what it gets, and "off\n" turns the machine off. No other port
// has a listener.
GuestFactory EchoGuests(boost::asio::io_context& loop);

}  // namespace fakes::testing
