// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "base/exit_status.h"

namespace base {

// The only waitid() caller of a process. Watches SIGCHLD through a signalfd on `loop`; for each
// exited child it peeks (WNOWAIT), notifies while the pid is still reserved, then reaps, until none
// is left (exits coalesce in one SIGCHLD; a storm loses none).
//
// One thread spawns and reaps. Children are reaped only by the loop, one at a time, each after its
// callbacks have returned; hence whoever calls Spawn() and, before returning to the loop, OnExit(),
// cannot miss the exit, however early: neither from a plain handler nor from within an exit
// callback, where the scan under way goes on only after that callback. Registering for a child that
// has exited but is not yet reaped works at any time, also for one older than the reaper itself.
// Registered for after it was reaped (the loop ran in between), a child is never reported.
//
// For its lifetime blocks SIGCHLD in the calling thread and sets its disposition to default (were
// it inherited as ignored, the kernel would drop exits); the destructor restores both. Create it
// before any other thread. At most one instance per process; must be destroyed before `loop`, and
// may be destroyed inside a callback, which is then the last one.
class ChildReaper {
 public:
  using ExitCallback = std::function<void(const ExitStatus&)>;

  // RAII subscription: destroying it unsubscribes. Outliving the reaper is harmless. active() until
  // the callback is about to be called, or the reaper is gone.
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

  // Called for every exited child nobody watches (adopted orphans), before it is reaped; replaces
  // the previous callback.
  void OnOrphan(ExitCallback callback);

 private:
  struct Impl;
  explicit ChildReaper(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace base
