// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/child_reaper.h"
#include "base/unique_fd.h"
#include "fakes/guest_agent/guest_input.h"
#include "fakes/guest_agent/guest_output.h"

namespace fakes {

// The two ends of a process's stdio: what it gets as 0, 1 and 2, and what the agent keeps.
struct GuestStdio {
  base::UniqueFd child[3];
  base::UniqueFd input;
  base::UniqueFd output;
  base::UniqueFd error;

  // Three pipes; with `terminal` nothing, since the terminal comes later.
  static absl::StatusOr<GuestStdio> Make(bool terminal);
};

// One process of a container, from its fork until nobody asks for it any more.
class GuestProcess {
 public:
  using WaitDone = absl::AnyInvocable<void(int status)>;
  enum class Stream { kStdout, kStderr };

  // Takes the agent's ends of `stdio`. `on_exit` is called before anybody who waits is told. All
  // references are borrowed.
  static absl::StatusOr<std::unique_ptr<GuestProcess>> Adopt(boost::asio::io_context& loop,
                                                             base::ChildReaper& reaper, pid_t pid,
                                                             GuestStdio stdio,
                                                             absl::AnyInvocable<void()> on_exit);
  // Kills it if it still runs, waits for its end, and tells those who wait.
  ~GuestProcess();
  GuestProcess(const GuestProcess&) = delete;
  GuestProcess& operator=(const GuestProcess&) = delete;

  // The master of its terminal: its stdin and stdout from now on.
  absl::Status UseTerminal(base::UniqueFd master);
  [[nodiscard]] absl::Status Resize(std::uint16_t rows, std::uint16_t columns) const;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool exited() const { return exited_; }
  // It has exited and its exit was told to somebody: it is unknown from then on, with what nobody
  // has read of it, but that reads which wait already are answered.
  [[nodiscard]] bool waited() const { return waited_; }
  // And no such read waits.
  [[nodiscard]] bool finished() const;
  // The exit code, or 128 + signal. Valid once exited.
  [[nodiscard]] int status() const { return status_; }

  // NOT_FOUND once it has exited.
  [[nodiscard]] absl::Status Signal(int signo) const;
  // Whether a handler is installed, or sigwait and the like are to take it; false once it has
  // exited.
  [[nodiscard]] bool Catches(int signo) const;

  // `done` is called at the exit, at once after it. The number names the wait for CancelWait().
  std::uint64_t Wait(WaitDone done);
  void CancelWait(std::uint64_t wait);

  // nullptr: there is none (of a terminal: stderr).
  [[nodiscard]] GuestOutput* output(Stream stream) const;
  [[nodiscard]] GuestInput* input() const { return input_.get(); }

 private:
  GuestProcess(boost::asio::io_context& loop, pid_t pid) : loop_(loop), pid_(pid) {}
  void OnExit(const base::ExitStatus& exit);
  void EndReads();

  boost::asio::io_context& loop_;
  pid_t pid_;
  base::ChildReaper::Watch watch_;
  absl::AnyInvocable<void()> on_exit_;
  std::unique_ptr<GuestInput> input_;
  std::unique_ptr<GuestOutput> output_;
  std::unique_ptr<GuestOutput> error_;
  base::UniqueFd terminal_;
  std::map<std::uint64_t, WaitDone> waits_;
  std::uint64_t last_wait_ = 0;
  bool exited_ = false;
  bool waited_ = false;
  int status_ = 0;
};

}  // namespace fakes
