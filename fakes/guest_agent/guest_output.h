// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace fakes {

// What a process prints on one descriptor, as the protocol reads it: on demand. Nothing is read
// ahead, so that a process that nobody listens to is held up by its pipe.
class GuestOutput {
 public:
  // Empty data is the end.
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  // `fd`: the reading end of a pipe, or the master of a terminal. `loop` is borrowed.
  static absl::StatusOr<std::unique_ptr<GuestOutput>> Open(boost::asio::io_context& loop,
                                                           base::UniqueFd fd);
  // Reads that still wait get the end.
  ~GuestOutput();
  GuestOutput(const GuestOutput&) = delete;
  GuestOutput& operator=(const GuestOutput&) = delete;

  // `done` is called, perhaps at once, when there are between 1 and `max` bytes (at most
  // kGuestReadBytesMax), or at the end. Reads are answered in order; RESOURCE_EXHAUSTED beyond
  // kGuestReadsMax. The number returned names the read for Cancel(); 0: it is answered already.
  std::uint64_t Read(std::size_t max, Done done);
  // Nobody waits for that read any more; no `done`.
  void Cancel(std::uint64_t read);

  // Nobody waits for data.
  [[nodiscard]] bool idle() const;

  // Reads that wait now get the end if nothing comes for kGuestDrain, even if somebody else still
  // holds the pipe. Later ones do not.
  void EndReads();

 private:
  struct Impl;
  explicit GuestOutput(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with pending asynchronous operations
};

}  // namespace fakes
