// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>

#include "reference-shim/shim/deadline.h"

namespace shim {

// Gives the memory that a burst of calls has freed back to the kernel, once per burst: a host runs
// hundreds of shims that are idle most of their lives.
class MemoryTrimmer {
 public:
  explicit MemoryTrimmer(boost::asio::io_context& loop) : later_(loop) {}

  // Trims kTrimDelay after the first of a series of calls.
  void Schedule();

 private:
  Deadline later_;
  bool scheduled_ = false;
};

}  // namespace shim
