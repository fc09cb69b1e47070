// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "fakes/hypervisor/vsock_faults.h"

namespace fakes {

// The device behind the unix socket of a configuration: leads connections of the host to ports of
// the guest (vm/hybrid_vsock.h), and those of the guest to the host.
class VsockMux {
 public:
  // The guest gets a connection to one of its ports, or has no listener there: false.
  using Connect = std::function<bool(std::uint32_t port, base::UniqueFd connection)>;

  // Listens on `socket_path`; ALREADY_EXISTS if there is such a file. All but the path are borrowed
  // and must outlive it. `faults` may make each handshake go wrong.
  static absl::StatusOr<std::unique_ptr<VsockMux>> Make(boost::asio::io_context& loop,
                                                        const std::string& socket_path,
                                                        VsockFaults& faults, Connect connect);
  ~VsockMux();  // breaks all connections
  VsockMux(const VsockMux&) = delete;
  VsockMux& operator=(const VsockMux&) = delete;

  // A connection of the guest to `port` of the host. UNAVAILABLE or NOT_FOUND: nobody listens.
  absl::StatusOr<base::UniqueFd> DialHost(std::uint32_t port);

  // Stops the traffic of all connections, later ones included, and handshakes.
  void Pause();
  void Resume();
  // Breaks the connections there are.
  void Reset();

  // Handshakes under way, and connections.
  [[nodiscard]] std::size_t connections() const;

 private:
  struct Impl;
  explicit VsockMux(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;  // shared with the operations under way
};

}  // namespace fakes
