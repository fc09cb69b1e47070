// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <utility>

#include "reference-shim/shim/callback_guard.h"

namespace shim {

// One thing to do later. Nothing runs after Clear, after a newer Set, or after destruction. The
// callback may do any of these.
class Deadline {
 public:
  explicit Deadline(boost::asio::io_context& loop) : timer_(loop) {}

  void Set(std::chrono::milliseconds after, std::function<void()> expired) {
    Clear();
    timer_.expires_after(after);
    timer_.async_wait(
        guard_.Wrap([expired = std::move(expired)](const boost::system::error_code& error) {
          if (error) return;
          const std::function<void()> copy = expired;  // it may destroy what it is called through
          copy();
        }));
  }

  void Clear() {
    guard_.Reset();
    timer_.cancel();
  }

 private:
  boost::asio::steady_timer timer_;
  CallbackGuard guard_;
};

}  // namespace shim
