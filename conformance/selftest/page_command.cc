// SPDX-License-Identifier: Apache-2.0
// `selftest page`: what selftests found out, for people.
#include <utility>

#include "conformance/harness/accounting.h"
#include "conformance/harness/run_command.h"
#include "conformance/selftest/proof_file.h"
#include "conformance/selftest/proof_page.h"
#include "conformance/selftest/proof_sum.h"
#include "conformance/selftest/selftest_options.h"

namespace conformance {

int SelftestPageCommand(const SelftestOptions& options, const std::vector<Check>& checks) {
  if (options.digest) return Print(ProofDigest(checks) + "\n", kExitAsExpected);
  std::vector<Proof> proofs;
  for (const std::string& file : options.selectors) {
    absl::StatusOr<Proof> proof = ReadProof(file);
    if (!proof.ok()) return Complain(proof.status());
    proofs.push_back(*std::move(proof));
  }
  const absl::StatusOr<ProofSum> sum = ProofSum::Of(std::move(proofs));
  if (!sum.ok()) return Complain(sum.status());
  return Print(options.figures ? ProofFigures(*sum) : ProofPage(*sum, checks),
               sum->good() ? kExitAsExpected : kExitUnexpected);
}

}  // namespace conformance
