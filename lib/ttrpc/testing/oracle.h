// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>

#include "ttrpc/envelope.h"

namespace ttrpc::testing {

// The bytes protobuf's own code makes of an envelope.
std::string OracleEncode(const RequestEnvelope& request);
std::string OracleEncode(const ResponseEnvelope& response);

// Decodes `data` with our codec and with protobuf's. Aborts with a message unless both refuse it,
// or both accept it and read the same, and what our codec encodes again protobuf reads the same.
// (Abort, not a gtest failure: the fuzzers use it too.)
void CheckRequestAgainstOracle(absl::string_view data);
void CheckResponseAgainstOracle(absl::string_view data);

}  // namespace ttrpc::testing
