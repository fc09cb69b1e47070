// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>

#include <absl/status/statusor.h>
#include <boost/asio/io_context.hpp>

namespace base {

// How a process ended. `at` is when this process saw it, wall clock.
struct ExitStatus {
  pid_t pid = -1;
  int code = 0;    // exit code 0..255; meaningless when signal != 0
  int signal = 0;  // terminating signal, 0 after a normal exit
  std::chrono::system_clock::time_point at;
  // Shell convention, what containerd expects: code, or 128 + signal (EXIT-01, EXIT-02).
  [[nodiscard]] unsigned ShellStatus() const;
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

// The only waitid() caller of a process. Watches SIGCHLD through a signalfd on `loop`; for each
// exited child it peeks (WNOWAIT), notifies while the pid is still reserved, then reaps, until none
// is left (exits coalesce in one SIGCHLD; a storm loses none).
//
// One thread spawns and reaps, and reaping happens only between callbacks; hence a child can not
// have been reaped before the caller that just spawned it registered for its exit. Registering for
// a child that has already exited but is not yet reaped works.
//
// Blocks SIGCHLD in the calling thread for its lifetime. At most one instance per process; must be
// destroyed before `loop`.
class ChildReaper {
 public:
  using ExitCallback = std::function<void(const ExitStatus&)>;

  // RAII subscription: destroying it unsubscribes. Outliving the reaper is harmless.
  class Watch {
   public:
    Watch() = default;
    Watch(Watch&&) noexcept = default;
    Watch& operator=(Watch&&) noexcept;
    ~Watch();
    [[nodiscard]] bool active() const;

   private:
    friend class ChildReaper;
    struct Entry;
    std::shared_ptr<Entry> entry_;  // shared with the reaper's table: either may go first
  };

  static absl::StatusOr<std::unique_ptr<ChildReaper>> Create(boost::asio::io_context& loop);
  ~ChildReaper();
  ChildReaper(const ChildReaper&) = delete;
  ChildReaper& operator=(const ChildReaper&) = delete;

  // Calls `callback` exactly once when `pid` exits, unless the Watch goes first. Any number of
  // watches per pid. A callback may destroy its own or any other Watch, and may spawn.
  [[nodiscard]] Watch OnExit(pid_t pid, ExitCallback callback);

  // Called for every reaped child nobody watches (adopted orphans).
  void OnOrphan(ExitCallback callback);

 private:
  struct Impl;
  explicit ChildReaper(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace base
