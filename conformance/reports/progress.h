// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>

#include "conformance/reports/console.h"
#include "conformance/reports/report.h"

namespace conformance {

// The status line on a terminal: how far the run is, which checks run now, for how long already.
// Redraws on every call and ten times a second; does nothing on a console that is not live.
std::unique_ptr<Report> MakeProgressLine(boost::asio::io_context& loop,
                                         std::shared_ptr<Console> console);

}  // namespace conformance
