// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <map>
#include <string>
#include <vector>

// runc's command line, read as runc reads it: global flags, the verb, its flags, arguments; flags
// end at the first word without a dash; `--name value`, `--name=value`, one dash or two. Not CLI11,
// whose rules differ in just these points.
namespace fakes {

struct FlagSpec {
  absl::string_view name;
  absl::string_view short_name;  // may be empty
  bool takes_value = false;
};

// Values by long name, in order; of a flag without value: "true" or "false".
class Flags {
 public:
  void Add(absl::string_view name, std::string value);
  [[nodiscard]] bool Has(absl::string_view name) const;          // given, and not "false"
  [[nodiscard]] std::string Last(absl::string_view name) const;  // empty: not given
  [[nodiscard]] const std::vector<std::string>& All(absl::string_view name) const;
  // A number below 2^16; 0 if not given.
  [[nodiscard]] absl::StatusOr<unsigned> Count(absl::string_view name) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

struct ParsedFlags {
  Flags flags;
  std::vector<std::string> rest;  // from the first word that is no flag
};

// INVALID_ARGUMENT as Go words it: "flag provided but not defined: -nope".
absl::StatusOr<ParsedFlags> ParseFlags(const std::vector<FlagSpec>& specs,
                                       const std::vector<std::string>& words);

}  // namespace fakes
