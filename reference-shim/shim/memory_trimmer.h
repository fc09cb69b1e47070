// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>

#include "reference-shim/shim/deadline.h"

namespace shim {

// Gives what a burst of work has used back to the kernel, once per burst: freed heap, dead stack,
// and program code that an idle shim does not run. A host has hundreds of shims that are idle most
// of their lives. What is needed again is mapped again, a microsecond per 64 KiB.
class MemoryTrimmer {
 public:
  // Starting up is the first burst.
  explicit MemoryTrimmer(boost::asio::io_context& loop) : later_(loop) { Schedule(); }

  // Trims kTrimDelay from now, unless that is about to happen anyway.
  void Schedule();

 private:
  Deadline later_;
  bool scheduled_ = false;
};

}  // namespace shim
