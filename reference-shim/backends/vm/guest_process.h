// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>

#include "reference-shim/backends/vm/agent.h"
#include "reference-shim/backends/vm/guest_stream.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"

namespace backends {

// A process in the guest as the shim has to do with it: its streams are copied while it runs, and
// its end is told once its output is complete, at most a second late (F18). Without the agent it
// ends with what Lose says.
//
// Only WaitProcess says how a process ended, but with the answer an agent drops what nobody has
// read. So it comes last. What comes first is the end of the outputs, or, where somebody keeps one
// open or its client does not read, word that the process has gone and a moment to read the rest.
class GuestProcess {
 public:
  // `loop` is borrowed. `pid`: the one on the host that stands for it.
  GuestProcess(boost::asio::io_context& loop, GuestProcessKey key, pid_t pid, shim::ProcessIo io,
               shim::ExitCallback on_exit);
  GuestProcess(const GuestProcess&) = delete;
  GuestProcess& operator=(const GuestProcess&) = delete;

  // With a terminal: gives the shim its console. Call first.
  absl::Status Prepare();
  // The process exists: copies its outputs and waits for its end from now on. A read that waits
  // when the process ends is one that the agent ends. `agent` is borrowed until Lose.
  void Watch(Agent& agent);
  // It runs: copies its input from now on.
  void CopyInput();
  // The agent is gone, and the process with it unless its end is known already.
  void Lose(unsigned status);
  // An OOM kill was told of; an exit that waited for it is told now.
  void OutOfMemoryTold();
  // SIGKILL was sent by somebody here: no OOM kill need be suspected.
  void KillSent() { kill_sent_ = true; }
  // Completes when the clients have all that was read of a process that has ended, or do not take
  // it for kClientTimeout. The agent is asked nothing any more: an end that is not known is not
  // told.
  void Flush(shim::Done<> done);

  [[nodiscard]] const GuestProcessKey& key() const { return key_; }
  [[nodiscard]] bool ended() const { return status_.has_value(); }

 private:
  void OnOutput();
  void AwaitQuiet();
  void Look();
  void OnGone();
  void AskStatus();
  void OnEnd(const absl::StatusOr<int>& status);
  void TellWhenComplete();
  void Tell();
  void FinishFlush();
  [[nodiscard]] bool All(bool (GuestOutputCopy::*holds)() const) const;

  boost::asio::io_context& loop_;
  const GuestProcessKey key_;
  const pid_t pid_;
  shim::ProcessIo io_;
  shim::ExitCallback on_exit_;
  Agent* agent_ = nullptr;
  std::unique_ptr<GuestOutputCopy> out_;
  std::unique_ptr<GuestOutputCopy> err_;
  std::unique_ptr<GuestInputCopy> in_;
  std::optional<unsigned> status_;
  bool asked_ = false;    // WaitProcess
  bool quiet_ = true;     // no output since the last look
  bool looking_ = false;  // a look is due or under way
  bool kill_sent_ = false;
  bool oom_told_ = false;
  shim::Done<> flushed_;
  shim::Deadline look_;
  shim::Deadline limit_;
  shim::Deadline flush_limit_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
