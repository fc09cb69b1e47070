// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/unique_fd.h"

namespace benchmarks {

// Parent of the containers' cgroups, in every hierarchy.
inline constexpr char kCgroupParent[] = "/shimgauge-benchmark";

using Milliseconds = std::chrono::duration<double, std::milli>;

// One side of a comparison: a shim, or the floor program that only binds a socket and echoes.
struct Subject {
  std::string name;
  std::string path;
  bool is_floor = false;  // `PATH SOCKET`, no protocol behind the socket
};

// The directories a run lives in, below one temporary directory.
struct Place {
  std::string directory;
  std::string fixtures;  // programs that run in containers
  pid_t sink = -1;       // a child that serves the events of all shims; -1: there is none
};

// A running daemon, spoken to over one blocking connection: the driver's own cost per call is one
// write and one read. Not for concurrent use. The destructor kills what is left.
class Daemon {
 public:
  Daemon(const Place& place, const Subject& subject, const std::string& id);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Makes the bundle; not part of any figure.
  absl::Status Prepare();
  // From exec of `start` to the end of its output.
  absl::StatusOr<Milliseconds> Start();
  // From connect(2) to the reply of Connect; for the floor, to the echo of a byte.
  absl::StatusOr<Milliseconds> FirstCall();

  absl::StatusOr<Milliseconds> Create();
  absl::StatusOr<Milliseconds> StartTask();
  absl::StatusOr<Milliseconds> State();
  // From the request of Exec to the reply of Start; the process is then waited for and deleted.
  absl::StatusOr<Milliseconds> Exec();
  // From the request of Kill(SIGKILL) to the reply of Wait.
  absl::StatusOr<Milliseconds> KillAndWait();
  absl::StatusOr<Milliseconds> Delete();
  // Shutdown (or SIGTERM for the floor) and the end of the process, by force where it lingers.
  absl::Status Stop();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::string& bundle() const { return bundle_; }

 private:
  absl::StatusOr<std::string> Call(const std::string& method, const std::string& payload);
  absl::Status SendRequest(const std::string& method, const std::string& payload);
  absl::StatusOr<std::string> ReadReply();

  const Place& place_;
  const Subject& subject_;
  std::string id_;
  std::string bundle_;
  std::string rootfs_;
  std::string socket_path_;
  std::string service_;
  base::UniqueFd log_;
  base::UniqueFd connection_;
  std::uint32_t stream_ = 1;
  pid_t pid_ = -1;
};

// The same container steps by the bare engine: what no shim can save.
struct EngineTimes {
  Milliseconds create{0};
  Milliseconds start{0};
  Milliseconds exec{0};  // detached
  Milliseconds kill_and_wait{0};
  Milliseconds remove{0};
};
absl::StatusOr<EngineTimes> RunBareEngine(const Place& place, const std::string& engine,
                                          const std::string& id);

// Pss of a process in KiB, from smaps_rollup.
absl::StatusOr<double> PssKib(pid_t pid);
// Ticks the hypervisor took from this machine since boot.
std::uint64_t StolenTicks();

}  // namespace benchmarks
