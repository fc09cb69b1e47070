// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "conformance/harness/check.h"
#include "conformance/selftest/proof_sum.h"

namespace conformance {

// docs/proof.md.
std::string ProofPage(const ProofSum& sum, const std::vector<Check>& checks);

// The sentences of the README.
std::string ProofFigures(const ProofSum& sum);

// Of the faults, what they kill, the checks and the variants: a page with another one is stale.
std::string ProofDigest(const std::vector<Check>& checks);

}  // namespace conformance
