// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <functional>

#include "base/unique_fd.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/limits.h"

namespace shim {

// Copies bytes from one non-blocking descriptor to another, holding at most one buffer: a slow sink
// slows the source. Both descriptors are borrowed and must be open while it runs.
class FdPump {
 public:
  using Descriptor = boost::asio::posix::stream_descriptor;

  FdPump(Descriptor& source, Descriptor& sink) : source_(source), sink_(sink) {}
  FdPump(const FdPump&) = delete;
  FdPump& operator=(const FdPump&) = delete;

  // Call once. `ended` runs from the loop after the last byte before end of file (or before an
  // error: a terminal without holders reports EIO) was written. A sink that fails (a full disk)
  // loses bytes but does not end the copying: closing the source would hang up the process.
  void Run(std::function<void()> ended);

 private:
  void AwaitSource();
  void AwaitSink();
  void Read();
  void Write();
  void End();

  Descriptor& source_;
  Descriptor& sink_;
  std::array<char, kRelayBufferBytes> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::function<void()> ended_;
  CallbackGuard guard_;
};

// Connects a terminal's master with the client's stdin and stdout (contract 6.3). Output ends, and
// its descriptor is closed, when the last holder of the terminal has gone (IO-41). End of file on
// stdin only ends the copying of input: the terminal stays (IO-44, IO-45).
class StdioRelay {
 public:
  // All non-blocking; `input` may be closed (no stdin). `finished` runs once, from the loop, when
  // the output is complete; not after destruction.
  StdioRelay(boost::asio::io_context& loop, base::UniqueFd console, base::UniqueFd input,
             base::UniqueFd output, std::function<void()> finished);
  StdioRelay(const StdioRelay&) = delete;
  StdioRelay& operator=(const StdioRelay&) = delete;

  // OK also once the output has ended. FAILED_PRECONDITION when the console is no terminal.
  absl::Status Resize(WindowSize size);
  [[nodiscard]] bool finished() const { return !output_.is_open(); }

 private:
  void OnOutputEnded();

  boost::asio::posix::stream_descriptor console_;
  boost::asio::posix::stream_descriptor input_;
  boost::asio::posix::stream_descriptor output_;
  std::function<void()> finished_;
  FdPump to_client_;
  FdPump to_console_;
};

}  // namespace shim
