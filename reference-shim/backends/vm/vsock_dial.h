// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/unique_fd.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"
#include "vm/hybrid_vsock.h"

namespace backends {

// Connects to a port of a guest through the hypervisor's unix socket ("hybrid vsock": the line
// CONNECT and the port, answered by OK and a port). A guest that boots does not listen yet, and its
// hypervisor closes the connection then: tried again until the time is up.
class VsockDial {
 public:
  // `loop` is borrowed.
  explicit VsockDial(boost::asio::io_context& loop);
  ~VsockDial();
  VsockDial(const VsockDial&) = delete;
  VsockDial& operator=(const VsockDial&) = delete;

  // Call once. `done` comes from the loop, not after destruction, and may destroy this. The
  // descriptor does not block. DEADLINE_EXCEEDED says what went wrong last.
  void Run(std::string socket_path, std::uint32_t port, std::chrono::milliseconds timeout,
           shim::Done<base::UniqueFd> done);

 private:
  void Attempt();
  absl::Status Begin();
  void AwaitReply();
  void ReadReply();
  void Retry(absl::Status why);
  void Finish(absl::StatusOr<base::UniqueFd> result);

  void Close();

  boost::asio::posix::stream_descriptor waiter_;  // borrows socket_
  base::UniqueFd socket_;
  std::string path_;
  std::uint32_t port_ = 0;
  vm::VsockLine reply_;
  std::chrono::milliseconds pause_{0};
  absl::Status last_;
  shim::Done<base::UniqueFd> done_;
  shim::Deadline limit_;
  shim::Deadline next_;  // the handshake's limit, or the pause before the next attempt
  shim::CallbackGuard guard_;
};

}  // namespace backends
