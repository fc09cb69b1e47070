// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "base/spawn.h"

namespace container {

// A process that has its pid, descriptors, environment and directory, but runs nothing of its
// program until it is released (CREATE-04, CREATE-05): a copy of this executable that waits at a
// gate and then becomes the program. The executable's main() therefore begins with
//
//   if (container::IsGate(argc, argv)) container::RunGate(argv);
//
// The gate ends by itself when this object, or the process that holds it, goes without releasing.
class GatedProcess {
 public:
  // `program.path` is ignored: argv[0] is looked up as execvp does, with the PATH of `program.env`.
  // Descriptor 3 is the gate's own. `loop` is borrowed. The caller owes a reap.
  static absl::StatusOr<std::unique_ptr<GatedProcess>> Spawn(boost::asio::io_context& loop,
                                                             base::SpawnSpec program);
  ~GatedProcess();
  GatedProcess(const GatedProcess&) = delete;
  GatedProcess& operator=(const GatedProcess&) = delete;

  // `pid` stays that of the program.
  [[nodiscard]] const base::Child& child() const { return child_; }

  // Call once. `done` runs from the loop: OK when the program executes; the error of exec naming
  // the program, whose process then exits 127; UNAVAILABLE if it was killed at the gate. Not after
  // destruction, which no longer affects the process.
  void Release(std::function<void(const absl::Status&)> done);

 private:
  struct Gate;
  GatedProcess(base::Child child, std::unique_ptr<Gate> gate);

  base::Child child_;
  std::unique_ptr<Gate> gate_;
};

bool IsGate(int argc, char** argv);
[[noreturn]] void RunGate(char** argv);

}  // namespace container
