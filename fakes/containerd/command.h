// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/child_reaper.h"
#include "base/exit_status.h"

namespace fakes {

// A program to run to its end, the way containerd runs a shim binary: in a process group of its own
// (ENV-08), with pipes as stdio.
struct CommandSpec {
  std::string path;                             // absolute, or searched in PATH
  std::vector<std::string> arguments;           // without argv[0], which is `path`
  std::optional<std::vector<std::string>> env;  // "K=V"; nullopt inherits
  std::string working_directory;                // empty: inherit
  std::string standard_input;                   // then EOF; empty: /dev/null
  bool one_pipe = false;  // stdout and stderr share one pipe, as for `start` (HARN-03)
  std::chrono::milliseconds deadline{10000};
};

struct CommandOutcome {
  bool timed_out = false;  // its process group was killed at the deadline
  base::ExitStatus exit;
  std::string standard_output;  // of both streams with one_pipe
  std::string standard_error;
  bool eof_seen = false;              // the outputs were closed within kEofGrace after the exit
  std::chrono::microseconds took{0};  // from the execution of the image to its exit
};

// One command under way. Destroying it kills its process group and reports nothing.
class RunningCommand {
 public:
  // `done` runs once, from the loop, and may destroy this object.
  using Done = std::function<void(CommandOutcome)>;
  ~RunningCommand();
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;
  [[nodiscard]] pid_t pid() const;

 private:
  friend absl::StatusOr<std::unique_ptr<RunningCommand>> RunCommand(boost::asio::io_context&,
                                                                    base::ChildReaper&,
                                                                    const CommandSpec&, Done);
  struct State;
  explicit RunningCommand(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;  // shared with a timer handler while that runs
};

// Starts `spec`. Errors are those of base::Spawn and of making pipes: nothing runs then.
absl::StatusOr<std::unique_ptr<RunningCommand>> RunCommand(boost::asio::io_context& loop,
                                                           base::ChildReaper& reaper,
                                                           const CommandSpec& spec,
                                                           RunningCommand::Done done);

}  // namespace fakes
