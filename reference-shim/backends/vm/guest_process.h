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

// A process in the guest as the shim has to do with it: its streams are copied while it runs, its
// end is told once its output is complete, or after kOutputTimeout (F18). Without the agent it
// ends with what Lose says.
class GuestProcess {
 public:
  // `loop` is borrowed. `pid`: the one on the host that stands for it.
  GuestProcess(boost::asio::io_context& loop, GuestProcessKey key, pid_t pid, shim::ProcessIo io,
               shim::ExitCallback on_exit);
  GuestProcess(const GuestProcess&) = delete;
  GuestProcess& operator=(const GuestProcess&) = delete;

  // With a terminal: gives the shim its console. Call first.
  absl::Status Prepare();
  // The process exists: waits for its end from now on. `agent` is borrowed until Lose.
  void Watch(Agent& agent);
  // It runs: copies from now on.
  void CopyStreams();
  // The agent is gone, and the process with it unless its end is known already.
  void Lose(unsigned status);
  // An OOM kill was told of; an exit that waited for it is told now.
  void OutOfMemoryTold();
  // SIGKILL was sent by somebody here: no OOM kill need be suspected.
  void KillSent() { kill_sent_ = true; }

  [[nodiscard]] const GuestProcessKey& key() const { return key_; }
  [[nodiscard]] bool ended() const { return status_.has_value(); }

 private:
  void OnEnd(const absl::StatusOr<int>& status);
  void OnOutputEnded();
  void TellWhenComplete();
  void Tell();

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
  bool kill_sent_ = false;
  bool oom_told_ = false;
  shim::Deadline limit_;
  shim::CallbackGuard guard_;
};

}  // namespace backends
