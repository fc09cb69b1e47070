// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <utility>

#include "base/unique_fd.h"

namespace fakes {

// Waits at a FaultGate without blocking, for stand-ins that serve others meanwhile: watch fd() for
// input, and ask IsOpen() first and after each.
class GateWatch {
 public:
  // NOT_FOUND if there is no such file, INVALID_ARGUMENT if it is no FIFO.
  static absl::StatusOr<GateWatch> Make(const std::string& path);

  // Of inotify: readable whenever somebody has opened the FIFO. Owned by this object.
  [[nodiscard]] int fd() const { return changes_.get(); }

  // Whether the FIFO has a writer. Takes what fd() had to tell.
  bool IsOpen();

 private:
  GateWatch(base::UniqueFd changes, base::UniqueFd reader)
      : changes_(std::move(changes)), reader_(std::move(reader)) {}

  base::UniqueFd changes_;
  base::UniqueFd reader_;
};

}  // namespace fakes
