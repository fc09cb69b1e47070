// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/unique_fd.h"
#include "fakes/guest_agent/guest_config.h"
#include "fakes/guest_agent/guest_disks.h"

namespace fakes {

// The agent of a guest: serves grpc.AgentService and grpc.Health and runs real processes in
// containers of their own (lib/container). Knows nothing of how its connections came about, nor
// whether the machine around it is one.
//
// One thread. It forks copies of the process it is in: other threads of that process must not
// allocate memory, nor hold any other lock, while it exists. It has the one ChildReaper of the
// process, and SIGPIPE is ignored as long as it lives.
class GuestAgent {
 public:
  // `loop` and `log` are borrowed. Needs root. INVALID_ARGUMENT names the member of `config`.
  static absl::StatusOr<std::unique_ptr<GuestAgent>> Create(boost::asio::io_context& loop,
                                                            GuestConfig config, base::Log& log);
  // As Stop().
  ~GuestAgent();
  GuestAgent(const GuestAgent&) = delete;
  GuestAgent& operator=(const GuestAgent&) = delete;

  // A connected stream on which somebody calls; any number of them.
  void Serve(base::UniqueFd connection);

  // Of a guest that is a process: a disk is plugged into it, and out. `bdf` is its place,
  // "0000:00:05.0".
  void AddDisk(const std::string& bdf, GuestDisk disk);
  void RemoveDisk(const std::string& bdf);
  // The same of a NIC, which goes with the wire that is returned: a descriptor that does not block
  // and of which each read is a frame that the guest sends, each write one that it receives, behind
  // a virtio-net header of so many bytes. `mac` empty: any. With the first one all processes of the
  // guest, but those that run already, are in a network namespace where the NICs are.
  absl::StatusOr<base::UniqueFd> AddNic(const std::string& mac, unsigned header_bytes);

  // Closes all connections, unanswered, and ends every process of the guest; none is left, and
  // nothing is mounted below the run directory, when it returns. It may serve again.
  void Stop();

 private:
  struct Impl;
  explicit GuestAgent(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fakes
