// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <optional>
#include <string>
#include <vector>

#include "fakes/fault/fault_request.h"
#include "fakes/fault/known_fault.h"

// Slowdowns planted in the reference shim, which break no rule of the contract: no check sees them,
// `shimgauge bench compare` must. They prove it: `shimgauge selftest bench`.
namespace fakes {

struct Regression {
  KnownFault defect;  // name, what and rules; the language is that of faulty-shim
  // The metrics of `shimgauge bench` that it worsens: what it was planted for, then the counts that
  // tell of it where clocks cannot be trusted.
  std::vector<absl::string_view> metrics = {};
  std::vector<absl::string_view> proxies = {};
};

// The first one, "none", is what the others are compared with: the same program, unspoilt.
const std::vector<Regression>& AllRegressions();
// nullptr: no such.
const Regression* FindRegression(absl::string_view name);

// Takes a leading --regression=NAME off `args`, which is argv without argv[0], and puts it into the
// environment, from which the processes that the program starts of itself take it again. nullopt:
// none was asked for. INVALID_ARGUMENT names those there are.
absl::StatusOr<std::optional<FaultRequest>> TakeRegression(std::vector<std::string>& args);

}  // namespace fakes
