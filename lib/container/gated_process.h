// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "base/child_reaper.h"
#include "base/spawn.h"

namespace container {

// A process that has its pid, descriptors, environment and directory, but runs nothing of its
// program until it is released (CREATE-04, CREATE-05): a copy of this executable that waits at a
// gate and then becomes the program. The executable's main() therefore begins with
//
//   if (container::IsGate(argc, argv)) container::RunGate(argv);
//
// A gate ends by itself when the process that holds it does.
class GatedProcess {
 public:
  using ExitCallback = base::ChildReaper::ExitCallback;

  // `program.path` is ignored: argv[0] is looked up as execvp does, with the PATH of `program.env`.
  // Descriptor 3 is the gate's own. `loop` and `reaper` are borrowed. `on_exit` comes once when the
  // process has ended, in whatever state; during a Release only after its `done`.
  static absl::StatusOr<std::unique_ptr<GatedProcess>> Spawn(boost::asio::io_context& loop,
                                                             base::ChildReaper& reaper,
                                                             base::SpawnSpec program,
                                                             ExitCallback on_exit);
  // Kills a process that still runs. Callbacks that have not come by then never come.
  ~GatedProcess();
  GatedProcess(const GatedProcess&) = delete;
  GatedProcess& operator=(const GatedProcess&) = delete;

  // That of the gate, and then of the program.
  [[nodiscard]] pid_t pid() const;

  // Call once. `done` comes later from the loop: the pid when the program executes; the error of
  // exec naming the program, whose process then exits 127; UNAVAILABLE if it was killed at the
  // gate.
  void Release(absl::AnyInvocable<void(absl::StatusOr<pid_t>)> done);

  // NOT_FOUND once it has ended.
  [[nodiscard]] absl::Status Signal(int signo) const;

 private:
  struct Impl;
  explicit GatedProcess(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

bool IsGate(int argc, char** argv);
[[noreturn]] void RunGate(char** argv);

}  // namespace container
