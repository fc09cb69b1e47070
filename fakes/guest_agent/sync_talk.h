// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "container/sync_socket.h"

namespace fakes {

// The maker's end of a conversation with a process that becomes a container, on the loop.
class SyncTalk {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<container::SyncMessage>)>;

  static absl::StatusOr<std::unique_ptr<SyncTalk>> Open(boost::asio::io_context& loop,
                                                        container::SyncSocket socket);
  // Closes the socket; a `done` that has not come never will.
  ~SyncTalk();
  SyncTalk(const SyncTalk&) = delete;
  SyncTalk& operator=(const SyncTalk&) = delete;

  // The next message, from the loop; UNAVAILABLE once the other end is closed. One at a time. May
  // destroy this.
  void Await(Done done);
  // No error if the other end is closed already: the next Await() tells that, and what came before.
  absl::Status Send(container::SyncKind kind);

 private:
  struct Impl;
  explicit SyncTalk(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with pending asynchronous operations
};

}  // namespace fakes
