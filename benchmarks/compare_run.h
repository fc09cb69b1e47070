// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include "benchmarks/compare.h"
#include "benchmarks/interrupts.h"
#include "benchmarks/measure.h"

namespace benchmarks {

// CompareShims with real measurements on this machine: `plan.shims` are the old and the new one;
// its metrics, rounds and seed are replaced by those of `options`. Errors as of Measure.
absl::StatusOr<CompareReport> CompareHere(MeasurePlan plan, const CompareOptions& options,
                                          Interrupts& interrupts);

}  // namespace benchmarks
