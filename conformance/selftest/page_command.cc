// SPDX-License-Identifier: Apache-2.0
// `selftest page`: what selftests found out, for people.
#include <utility>

#include "base/status_macros.h"
#include "conformance/harness/accounting.h"
#include "conformance/harness/run_command.h"
#include "conformance/selftest/proof_file.h"
#include "conformance/selftest/proof_page.h"
#include "conformance/selftest/proof_sum.h"
#include "conformance/selftest/selftest_options.h"

namespace conformance {
namespace {

absl::StatusOr<std::vector<Proof>> ReadProofs(const std::vector<std::string>& files) {
  std::vector<Proof> proofs;
  for (const std::string& file : files) {
    ASSIGN_OR_RETURN(Proof proof, ReadProof(file));
    proofs.push_back(std::move(proof));
  }
  return proofs;
}

}  // namespace

int SelftestPageCommand(const SelftestOptions& options, const std::vector<Check>& checks) {
  if (options.digest) return Print(ProofDigest(checks) + "\n", kExitAsExpected);
  absl::StatusOr<std::vector<Proof>> proofs = ReadProofs(options.selectors);
  if (!proofs.ok()) return Complain(proofs.status());
  absl::StatusOr<std::vector<Proof>> earlier = ReadProofs(options.earlier);
  if (!earlier.ok()) return Complain(earlier.status());
  const absl::StatusOr<ProofSum> sum = ProofSum::Of(*std::move(proofs), *std::move(earlier));
  if (!sum.ok()) return Complain(sum.status());
  return Print(options.figures ? ProofFigures(*sum) : ProofPage(*sum, checks),
               sum->good() ? kExitAsExpected : kExitUnexpected);
}

}  // namespace conformance
