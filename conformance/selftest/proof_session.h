// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "conformance/selftest/proof.h"
#include "conformance/selftest/selftest_console.h"

namespace conformance {

// One run of a selftest: its proof as it grows, and what people see of it meanwhile.
class ProofSession {
 public:
  // Begins now, with nothing proven yet. `shim` is the subject's path, or empty; `total` subjects.
  static absl::StatusOr<ProofSession> Begin(const std::string& command, const std::string& shim,
                                            std::size_t total);

  Proof& proof() { return proof_; }
  SelftestConsole& console() { return *console_; }

  // Ends it: tells `summary` of the proof and writes it to `result`, the file of --result, unless
  // empty. Gives `code`, or that of an interruption when `ran`, which says how the run ended, is
  // CANCELLED; any other error of `ran` ends it without a result.
  absl::StatusOr<int> End(const absl::Status& ran, const std::string& result,
                          std::string (*summary)(const Proof&), int code);

 private:
  explicit ProofSession(std::unique_ptr<SelftestConsole> console) : console_(std::move(console)) {}

  std::unique_ptr<SelftestConsole> console_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  Proof proof_;
};

// The exit code of a selftest; an error is told on standard error first.
int ExitCodeOf(const absl::StatusOr<int>& code);

}  // namespace conformance
