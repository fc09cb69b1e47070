// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <optional>
#include <string>
#include <vector>

namespace fakes {

// An engine's command line, taken apart as runc does it (global options, verb, its options,
// arguments) so that it can be put together again with something changed.
struct EngineWords {
  struct Option {
    std::string name;  // as given, without dashes: "pid-file" or "b"
    std::optional<std::string> value;
  };
  std::vector<Option> global;
  std::string verb;
  std::vector<Option> options;
  std::vector<std::string> arguments;

  // The last value of the verb's option, or of the global one of that name; nullptr: not given.
  std::string* Find(absl::string_view name);
  // Whether any was there.
  bool Drop(absl::string_view name);
  // Replaces all of that name, or adds one to the verb's. No value: an option that has none.
  void Set(const std::string& name, const std::optional<std::string>& value);

  [[nodiscard]] std::vector<std::string> Format() const;
};

// INVALID_ARGUMENT for a line that ends where a value is expected. A line without verb has an empty
// one.
absl::StatusOr<EngineWords> ParseEngineWords(const std::vector<std::string>& words);

}  // namespace fakes
