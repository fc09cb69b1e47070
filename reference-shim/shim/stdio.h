// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/child_reaper.h"
#include "base/unique_fd.h"
#include "reference-shim/shim/backend.h"
#include "reference-shim/shim/callback_guard.h"
#include "reference-shim/shim/deadline.h"
#include "reference-shim/shim/logger.h"
#include "reference-shim/shim/stdio_relay.h"

namespace shim {

// The client's stdio of one process, word for word as requested: State gives it back so that
// clients can attach again (STATE-02).
struct StdioNames {
  std::string in;
  std::string out;
  std::string err;
  bool terminal = false;
};

struct StdioSpec {
  StdioNames names;
  std::string id;              // container id, or exec id for an exec
  std::string namespace_name;  // containerd's
  uid_t io_uid = 0;            // owner of FIFOs and pipes handed to the process; 0, 0: unchanged
  gid_t io_gid = 0;
  bool hold_input = true;          // false once CloseIO was called (CLOSE-01)
  std::optional<WindowSize> size;  // of the terminal, as soon as there is one (IO-47)
};

// The stdio of one process from its creation to its deletion. FIFOs go to the process as they are
// and nothing is copied (docs/decisions/0002); a terminal is relayed; a logger gets pipes. The
// destructor closes all of it and kills a logger.
class Stdio {
 public:
  // `loop` and `reaper` are borrowed.
  Stdio(boost::asio::io_context& loop, base::ChildReaper& reaper);
  Stdio(const Stdio&) = delete;
  Stdio& operator=(const Stdio&) = delete;

  // Opens everything without waiting for a peer; call once. `done` runs at once, or from the loop
  // when a logger has to report ready first. INVALID_ARGUMENT: bad scheme, missing path, terminal
  // without stdout (IO-43). After a failure only destruction is left.
  void Open(const StdioSpec& spec, Done<> done);

  // What the process is to get; once, after Open.
  ProcessIo TakeProcessIo();

  // Lets the end of stdin reach the process when its clients have closed theirs. Idempotent.
  void CloseInput() { input_keeper_.reset(); }

  // nullopt while there is no console: nothing was resized. See StdioRelay::Resize.
  std::optional<absl::Status> Resize(WindowSize size);

  // The process has ended: waits for a terminal's remaining output and for the logger, at most
  // kDrainTimeout (DELETE-08), then closes everything and runs `done` from the loop; at once when
  // there is nothing to wait for. Not after destruction.
  void Drain(absl::AnyInvocable<void()> done);

 private:
  absl::Status OpenInput(const StdioSpec& spec);
  absl::Status OpenOutputs(const StdioSpec& spec);
  absl::Status OpenTerminalOutput(const StdioUri& out);
  absl::Status OpenLoggerPipes(bool terminal);
  absl::Status OpenStream(const StdioUri& uri, base::UniqueFd& used);
  absl::Status ChangeOwner(const StdioSpec& spec);
  void StartRelay(base::UniqueFd console);
  void DrainLogger();
  void FinishDrain();

  boost::asio::io_context& loop_;
  base::ChildReaper& reaper_;
  ProcessIo io_;                         // until taken; unused with a terminal
  base::UniqueFd input_keeper_;          // write end of stdin
  std::vector<base::UniqueFd> readers_;  // read ends of the outputs
  base::UniqueFd relay_input_;           // terminal: read end of stdin, until the console comes
  base::UniqueFd relay_output_;
  std::optional<WindowSize> size_;
  std::unique_ptr<StdioRelay> relay_;
  std::unique_ptr<Logger> logger_;
  Deadline drain_limit_;
  absl::AnyInvocable<void()> drained_;
  CallbackGuard guard_;
};

}  // namespace shim
