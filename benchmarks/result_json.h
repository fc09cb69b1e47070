// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

#include "benchmarks/result.h"

namespace benchmarks {

// One JSON object, schema 1, with a newline at its end. Samples must be finite.
std::string ResultToJson(const BenchResult& result);

// Strict: an unknown, absent or mistyped key, another schema or an unknown metric is
// INVALID_ARGUMENT that names the key by its path ("sides[0].blocks.create[2].samples: …") and what
// was expected.
absl::StatusOr<BenchResult> ResultFromJson(absl::string_view text);

// The same with a file; errors name it. Writing replaces the file whole or not at all.
absl::StatusOr<BenchResult> ReadResultFile(const std::string& path);
absl::Status WriteResultFile(const std::string& path, const BenchResult& result);

}  // namespace benchmarks
