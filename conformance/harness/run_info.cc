// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/run_info.h"

#include <absl/strings/str_cat.h>

namespace conformance {

std::string SeedText(std::uint64_t seed) { return absl::StrCat(absl::Hex(seed)); }

std::int64_t Milliseconds(std::chrono::microseconds time) { return (time.count() + 500) / 1000; }

}  // namespace conformance
