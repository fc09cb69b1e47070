// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <vector>

namespace base {

// Command lines as Go's `flag` package reads them (contract FLAG-01): `-id X`, `--id X`, `-id=X`,
// bool flags `-debug` or `-debug=false`, flags end at the first word without a dash or at `--`.
struct GoFlagSpec {
  std::string name;  // without dashes
  bool is_bool = false;
  std::string help;
};

struct GoFlags {
  std::map<std::string, std::string> values;  // last one wins; bool values are "true"/"false"
  std::vector<std::string> positional;
};

// INVALID_ARGUMENT names the offending word: "flag provided but not defined: -nope",
// "flag needs an argument: -id", "invalid boolean value \"x\" for -debug".
absl::StatusOr<GoFlags> ParseGoFlags(const std::vector<GoFlagSpec>& specs,
                                     const std::vector<std::string>& args);

// One line per flag, for usage texts.
std::string GoFlagsUsage(const std::vector<GoFlagSpec>& specs);

}  // namespace base
