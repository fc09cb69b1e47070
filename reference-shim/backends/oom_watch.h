// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>

#include "container/oom_monitor.h"
#include "reference-shim/shim/callback_guard.h"

namespace backends {

// Calls back once per OOM kill that a monitor tells of, from the loop or from Check.
class OomWatch {
 public:
  // `loop` is borrowed. `on_oom` may destroy this.
  OomWatch(boost::asio::io_context& loop, container::OomMonitor monitor,
           std::function<void()> on_oom);
  ~OomWatch();
  OomWatch(const OomWatch&) = delete;
  OomWatch& operator=(const OomWatch&) = delete;

  // Tells what has happened by now, without waiting for the loop (EVT-29).
  void Check();

 private:
  void Await();

  container::OomMonitor monitor_;
  boost::asio::posix::stream_descriptor readable_;  // borrows the monitor's descriptor
  std::function<void()> on_oom_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
