// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "conformance/selftest/proof.h"

namespace conformance {

// Time since it was made.
class ProofClock {
 public:
  [[nodiscard]] std::int64_t ms() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 started_)
        .count();
  }

 private:
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

// A proof that begins now, with nothing in it yet; `shim` is the subject's path, or empty.
Proof BeginProof(const std::string& command, const std::string& shim);
// To the file of --result; nothing to do when that is empty.
absl::Status WriteProof(const Proof& proof, const std::string& path);

}  // namespace conformance
