// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include "base/unique_fd.h"

namespace benchmarks {

// Ctrl-C and `kill` as something to ask for: while an object of this kind exists, SIGINT and
// SIGTERM are blocked and wait to be seen. One per process, made by its main thread.
class Interrupts {
 public:
  static absl::StatusOr<Interrupts> Take();
  Interrupts(Interrupts&&) = default;
  Interrupts& operator=(Interrupts&&) = default;

  // One of them came since the beginning. Never blocks; stays true.
  bool Seen();
  // Readable when one waits. In a copy of this process it tells of that copy's signals.
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit Interrupts(base::UniqueFd fd) : fd_(std::move(fd)) {}

  base::UniqueFd fd_;
  bool seen_ = false;
};

}  // namespace benchmarks
