// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace fakes {

// A listener that is there as long as containerd's event socket is: a shim that looks for the one
// finds the other, or neither. One thread; destroy before `loop`.
class SinkGate {
 public:
  // `on_connection` gets each connection of the shim.
  using OnConnection = std::function<void(base::UniqueFd shim)>;
  SinkGate(boost::asio::io_context& loop, std::string ours, std::string theirs,
           OnConnection on_connection);
  ~SinkGate();
  SinkGate(const SinkGate&) = delete;
  SinkGate& operator=(const SinkGate&) = delete;

  // Looks whether their socket is there, now. Also done whenever its directory changes.
  void Look();
  // Takes the connections that wait, now.
  void AcceptAll();
  [[nodiscard]] const std::string& theirs() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with pending operations
};

}  // namespace fakes
