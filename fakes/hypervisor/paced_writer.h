// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace fakes {

struct Pace {
  bool byte_by_byte = false;
  std::chrono::milliseconds between{0};
};

// Writes `bytes` to a socket, at once or in single bytes, then calls `done` with whether all of it
// went out: from the loop or at once. `keep` is what owns `socket` and is held until then.
void WritePaced(boost::asio::posix::stream_descriptor& socket, std::string bytes, Pace pace,
                std::shared_ptr<void> keep, std::function<void(bool)> done);

}  // namespace fakes
