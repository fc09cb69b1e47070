// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace fakes {

// The stdin of a process. Data is acknowledged when the pipe has taken it: a process that does not
// read holds up its writers and nobody else. SIGPIPE must be ignored.
class GuestInput {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;

  // `fd`: the writing end of a pipe, or the master of a terminal, which Close() does not close.
  static absl::StatusOr<std::unique_ptr<GuestInput>> Open(boost::asio::io_context& loop,
                                                          base::UniqueFd fd, bool terminal);
  // Writes that still wait end with CANCELLED.
  ~GuestInput();
  GuestInput(const GuestInput&) = delete;
  GuestInput& operator=(const GuestInput&) = delete;

  // `done` is called, perhaps at once, when all of it was taken, or none will any more:
  // UNAVAILABLE when nobody reads, FAILED_PRECONDITION after Close(), RESOURCE_EXHAUSTED beyond
  // kGuestStdinBytesMax.
  void Write(std::string data, Done done);
  // The end, behind what is still to be written. Idempotent.
  void Close();

 private:
  struct Impl;
  explicit GuestInput(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with pending asynchronous operations
};

}  // namespace fakes
