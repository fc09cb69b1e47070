// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>

namespace fakes::testing {

// Runs `loop` until `predicate` holds. The cap only keeps a broken test from hanging.
template <typename Predicate>
bool RunUntil(boost::asio::io_context& loop, Predicate predicate) {
  const auto cap = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!predicate()) {
    if (std::chrono::steady_clock::now() >= cap) return false;
    if (loop.stopped()) loop.restart();
    loop.run_one_until(cap);
  }
  return true;
}

}  // namespace fakes::testing
