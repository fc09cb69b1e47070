// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

#include "conformance/selftest/legal_variants.h"
#include "conformance/selftest/proof.h"

namespace conformance {

// Results of legal variants in a directory, from which a later selftest goes on: twenty repeats
// need not be had in one sitting. One that was red is not gone on from: its repeats begin anew.
class LegalKept {
 public:
  // An existing directory; empty: nothing is kept.
  explicit LegalKept(std::string directory) : directory_(std::move(directory)) {}

  // What was kept of a variant whose result depends on `key`; blank, but for names and key, if that
  // is nothing, something else, or red.
  [[nodiscard]] LegalRecord Load(const LegalVariant& variant, const std::string& key) const;
  // Replaces what was kept.
  [[nodiscard]] absl::Status Save(const LegalRecord& record) const;

 private:
  [[nodiscard]] std::string PathOf(const std::string& name) const;

  std::string directory_;
};

// A hash of all that the result of one repeat depends on: the variant, the programs (by the hashes
// of their files) and the options of the selftest, as words.
std::string LegalKeyOf(const LegalVariant& variant, const std::vector<std::string>& program_hashes,
                       const std::vector<std::string>& options);

// Adds further repeats of the same variant.
void AddRepeats(const LegalRecord& more, LegalRecord& record);

}  // namespace conformance
