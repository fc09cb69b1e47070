// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <sys/types.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/child_reaper.h"
#include "base/spawn.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"

namespace backends {

// The process of a hypervisor, or of one of its helpers. It dies with the shim, and with this
// object.
class VmmProcess {
 public:
  // `context` is borrowed.
  explicit VmmProcess(const shim::BackendContext& context);
  ~VmmProcess();
  VmmProcess(const VmmProcess&) = delete;
  VmmProcess& operator=(const VmmProcess&) = delete;

  // Call once. `fds`, beside its stderr. `exited` runs once, from the loop, unless this is
  // destroyed before. `network_namespace`: the path of the one it runs in; empty: ours.
  absl::Status Spawn(std::vector<std::string> argv, std::vector<base::FdMapping> fds,
                     std::function<void()> exited, const std::string& network_namespace = "");

  [[nodiscard]] pid_t pid() const { return child_.pid; }
  [[nodiscard]] bool alive() const { return child_.pid > 0 && !exit_.has_value(); }
  void Kill(int signo) const;
  // "ended with status 1: <the last of its stderr>", for messages.
  [[nodiscard]] std::string DescribeEnd();

 private:
  void ReadErrors();

  const shim::BackendContext& context_;
  base::Child child_;
  std::optional<base::ExitStatus> exit_;
  boost::asio::posix::stream_descriptor errors_;
  std::string tail_;
  std::function<void()> exited_;
  base::ChildReaper::Watch watch_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
