// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

#include "base/unique_fd.h"

namespace fakes {

// A FIFO at which slow faults wait (FaultRule::until) until somebody has it open for writing.
class FaultGate {
 public:
  // Makes the FIFO (0600), closed. ALREADY_EXISTS if the path is taken.
  static absl::StatusOr<FaultGate> Make(const std::string& path);
  // Removes it; whoever waits goes on.
  ~FaultGate();
  FaultGate(FaultGate&&) = default;
  FaultGate& operator=(FaultGate&&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

  // Lets all go on that wait, and all that come later.
  absl::Status Open();
  // Those that come from now on wait again.
  void Close() { writer_.reset(); }

 private:
  explicit FaultGate(std::string path) : path_(std::move(path)) {}

  std::string path_;
  base::UniqueFd writer_;
};

// The other side: blocks until the gate is open. NOT_FOUND if there is no such file,
// INVALID_ARGUMENT if it is no FIFO.
absl::Status WaitAtGate(const std::string& path);

}  // namespace fakes
