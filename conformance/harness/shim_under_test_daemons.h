// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/child_reaper.h"
#include "base/exit_status.h"
#include "conformance/harness/check_context_scope.h"
#include "conformance/harness/processes_watch.h"

namespace conformance {

// One shim daemon of a check: known once some connection has asked for its pid.
struct ShimDaemon {
  pid_t pid = 0;
  std::string address;
  std::unique_ptr<ProcessWatch> process;
  base::ChildReaper::Watch watch;
  std::optional<base::ExitStatus> exit;  // adopted and reaped here
  std::set<std::size_t> connections;     // of the check, by number
  bool death_expected = false;           // by a signal of the check, or told so
  bool shutdown_sent = false;            // while it held no task
  [[nodiscard]] bool alive() const { return !exit && process && !process->HasExited(); }
};

// All daemons of a check. Every exit in the world is seen here, since the worker adopts orphans:
// those of daemons are judged, those of strangers only recorded.
class DaemonTable {
 public:
  explicit DaemonTable(CheckScope& scope);
  ~DaemonTable();
  DaemonTable(const DaemonTable&) = delete;
  DaemonTable& operator=(const DaemonTable&) = delete;

  // `start` for the container `id` has given this address: Connect names that container, as
  // containerd's does.
  void NoteStart(const std::string& address, const std::string& id) {
    started_.emplace(address, id);
  }
  // The first of them; empty where no `start` has given the address.
  [[nodiscard]] std::string StartedFor(const std::string& address) const {
    const auto place = started_.find(address);
    return place == started_.end() ? "" : place->second;
  }
  // The daemon with this pid, registered on first sight. `pid` must be a live process.
  ShimDaemon& Know(pid_t pid, const std::string& address);
  // Its death is part of the scenario; also for a pid that becomes known later.
  void ExpectDeath(pid_t pid);
  // Shutdown is about to be sent. The daemon may end, unless calls say that it holds tasks or a
  // sandbox.
  void NoteShutdown(ShimDaemon& daemon);
  // ShutdownSandbox is about to be sent. The daemon may end, whatever it holds.
  void NoteSandboxShutdown(ShimDaemon& daemon);
  [[nodiscard]] const std::vector<std::unique_ptr<ShimDaemon>>& all() const { return daemons_; }
  // Sandboxes that were created and not shut down, with the number of a connection to each.
  std::map<std::string, std::size_t>& sandboxes() { return sandboxes_; }

  // Why the check is a crash, if a daemon ended that nobody ended: before Shutdown any end, after
  // it death by a signal of its own doing.
  [[nodiscard]] std::optional<Why> Crash();

 private:
  void OnExit(ShimDaemon& daemon, const base::ExitStatus& status);
  void MarkLost(const ShimDaemon& daemon);

  CheckScope& scope_;
  std::vector<std::unique_ptr<ShimDaemon>> daemons_;
  std::set<pid_t> expected_;
  std::map<std::string, std::size_t> sandboxes_;
  std::map<std::string, std::string> started_;  // ids of containers by address
};

// "exit code 2", "signal 11 (Segmentation fault)".
std::string DescribeExit(const base::ExitStatus& status);

// What a process is doing when it should have answered: per thread its state, wait channel and
// kernel stack, then its open pipes and sockets. Empty when it is gone.
std::vector<std::string> ProcessEvidence(pid_t pid);

}  // namespace conformance
