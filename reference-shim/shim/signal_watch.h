// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <signal.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <vector>

#include "reference-shim/shim/callback_guard.h"

namespace shim {

// Signals to this process as callbacks of the loop. (Asio's own signal_set would compete with
// ChildReaper for the handlers.) Blocks the watched signals in the calling thread for its lifetime;
// children made by base::Spawn start with an empty mask.
class SignalWatch {
 public:
  explicit SignalWatch(boost::asio::io_context& loop) : descriptor_(loop) {}
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // Call once.
  absl::Status Start(const std::vector<int>& signals, std::function<void(int)> callback);

 private:
  void Await();
  void Read();

  boost::asio::posix::stream_descriptor descriptor_;
  std::function<void(int)> callback_;
  sigset_t before_{};
  bool started_ = false;
  CallbackGuard guard_;
};

}  // namespace shim
