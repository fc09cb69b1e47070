// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "fakes/wire/rule_book.h"

namespace fakes {

// An event service as the shim was told of it, and as containerd is.
struct RelaySink {
  std::string ours;
  std::string theirs;
};

struct RelayOptions {
  std::string socket;    // where the shim listens, and the relay from now on
  pid_t daemon = 0;      // the shim's
  base::UniqueFd pidfd;  // its
  std::string ns;        // the shim's namespace
  std::vector<RelaySink> sinks;
};

// Stands between the sockets of one shim and whoever connects to it, and between the shim and the
// event service. What passes goes through `book`. One thread.
class Relay {
 public:
  Relay(boost::asio::io_context& loop, RelayOptions options, RuleBook book);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Takes the shim's place. From then on `loop` has work until the daemon has ended and what it
  // said last has arrived, at most kRelayLastWords later.
  absl::Status Start();
  // Runs the loop until then.
  void Run();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with pending operations and links
};

}  // namespace fakes
