// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/selftest/proof.h"

namespace conformance {

// Several results of selftests taken together, and what follows from them.
class ProofSum {
 public:
  // Faults of the first shim that is named make up the proof, those of other shims stand beside it.
  // Where a fault was both given to its own checks and to all, the latter counts. `earlier` are
  // results of legal variants at other revisions: those of other programs stand by themselves.
  // INVALID_ARGUMENT for results of different suites, or of nothing.
  static absl::StatusOr<ProofSum> Of(std::vector<Proof> proofs, std::vector<Proof> earlier = {});

  [[nodiscard]] const Proof& main() const { return main_; }
  // Of another shim each, in the order they came.
  [[nodiscard]] const std::vector<Proof>& others() const { return others_; }
  // Those at other revisions, oldest first.
  [[nodiscard]] const std::vector<Proof>& earlier() const { return earlier_; }
  // How many faults were given to all checks.
  [[nodiscard]] std::size_t matrix() const { return matrix_; }
  // How many of these with programs that have changed since.
  [[nodiscard]] std::size_t earlier_matrix() const { return earlier_matrix_; }
  // Repeated runs of single faults: their kill probabilities.
  [[nodiscard]] const std::vector<FaultRecord>& races() const { return races_; }

  [[nodiscard]] std::size_t CountFaults(FaultStanding standing) const;
  // Names of the faults that turn each check red; `intended`: only as their rows say.
  [[nodiscard]] std::map<std::string, std::set<std::string>> KillsByCheck(bool intended) const;
  // Groups of checks that are killed by exactly the same faults, largest group first.
  [[nodiscard]] std::vector<std::vector<std::string>> Twins() const;
  // Checks that some fault turns red while no other check is.
  [[nodiscard]] std::set<std::string> MinimalPairs() const;
  // Requirements none of whose checks kills any fault as intended.
  [[nodiscard]] std::vector<std::string> UnprovenRequirements(
      const std::vector<Check>& checks) const;
  // Everything is as it should be, and complete.
  [[nodiscard]] bool good() const;

 private:
  Proof main_;  // faults, null subjects and variants of all results
  std::vector<Proof> others_;
  std::vector<FaultRecord> races_;
  std::vector<Proof> earlier_;
  std::size_t matrix_ = 0;
  std::size_t earlier_matrix_ = 0;
};

}  // namespace conformance
