// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace fakes {

// Writes to a pipe or FIFO from `loop` without ever blocking or raising SIGPIPE. Destroying it
// closes the descriptor and drops what is not written yet, together with the pending callbacks.
class PipeWriter {
 public:
  using Done = std::function<void(absl::Status)>;

  // `fd` must be non-blocking.
  PipeWriter(boost::asio::io_context& loop, base::UniqueFd fd);
  ~PipeWriter();
  PipeWriter(const PipeWriter&) = delete;
  PipeWriter& operator=(const PipeWriter&) = delete;

  // Appends `bytes`; `done` runs from the loop once all of them are in the pipe, or with the error
  // that ends writing (UNAVAILABLE when no reader is left). Writes complete in order.
  void Write(std::string bytes, Done done);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the handler that is pending or running
};

}  // namespace fakes
