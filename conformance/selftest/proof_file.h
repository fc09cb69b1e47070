// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

#include "conformance/selftest/proof.h"

namespace conformance {

// The result file of a selftest, schema 1, described in docs/selftest.md.
std::string FormatProof(const Proof& proof);
// INVALID_ARGUMENT names file, field and what was expected.
absl::StatusOr<Proof> ParseProof(absl::string_view json, const std::string& name);
absl::StatusOr<Proof> ReadProof(const std::string& path);

// One fault as it is kept in a directory of results, to be used again.
std::string FormatFaultRecord(const FaultRecord& fault);
absl::StatusOr<FaultRecord> ParseFaultRecord(absl::string_view json, const std::string& name);
// One legal variant, likewise.
std::string FormatLegalRecord(const LegalRecord& legal);
absl::StatusOr<LegalRecord> ParseLegalRecord(absl::string_view json, const std::string& name);

}  // namespace conformance
