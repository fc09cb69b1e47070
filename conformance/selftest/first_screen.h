// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>

namespace conformance {

// How many lines of a failure people see before they scroll.
inline constexpr std::size_t kFirstScreenLines = 15;

// What is wrong with the first screen of a red check's evidence in a text report (`run --report
// text=`): it must name a requirement, and tell what was expected and what was observed, or in
// words what is wrong where no value was compared. Empty: nothing.
std::string FirstScreenProblem(absl::string_view report, const std::string& check);

}  // namespace conformance
