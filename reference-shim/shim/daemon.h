// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "base/child_reaper.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "containerd/event_publisher.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/call_log.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/event_queue.h"
#include "reference-shim/shim/rootfs.h"
#include "reference-shim/shim/sandbox_service.h"
#include "reference-shim/shim/signal_watch.h"
#include "reference-shim/shim/socket_claim.h"
#include "reference-shim/shim/task_context.h"
#include "reference-shim/shim/task_service.h"
#include "ttrpc/router.h"
#include "ttrpc/server.h"

namespace shim {

struct DaemonSpec {
  std::string namespace_name;
  std::string event_address;  // TTRPC_ADDRESS; empty: no events (ENV-07)
};

// The parts of a running shim and its end. One per process.
class Daemon {
 public:
  // All borrowed.
  Daemon(boost::asio::io_context& loop, base::ChildReaper& reaper, base::Log& log,
         const DaemonSpec& spec, const BackendFactory& factory);
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Takes a listening socket bound to `file`. Signals SIGTERM, SIGINT and SIGUSR1 are the daemon's
  // from here on (SIG-02, SIG-04).
  absl::Status Serve(base::UniqueFd listener, SocketFile file);

  // Runs until the shim is to end. False when tasks or a sandbox are left: then the process must
  // end without destroying this, since that would end their execs (SIG-02).
  bool Run();

 private:
  // Removes the socket, delivers what events there are, answers, closes, stops the loop; each step
  // bounded (SHUT-02, EVT-46, EVT-47).
  void ShutDown();
  void CloseServer();
  void OnSignal(int signo);

  boost::asio::io_context& loop_;
  base::Log& log_;
  CallLog calls_;
  containerd::EventPublisher publisher_;
  EventQueue events_;
  ForkedRootfs rootfs_;
  std::unique_ptr<Backend> backend_;
  TaskContext context_;
  TaskService service_;
  SandboxService sandbox_;
  ttrpc::Router router_;
  ttrpc::Server server_;
  SocketFile socket_file_;
  SignalWatch signals_;
  bool ending_ = false;
  CallbackGuard guard_;
};

}  // namespace shim
