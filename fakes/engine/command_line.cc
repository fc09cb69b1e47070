// SPDX-License-Identifier: Apache-2.0
#include "fakes/engine/command_line.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "base/status_macros.h"

namespace fakes {

void Flags::Add(absl::string_view name, std::string value) {
  values_[std::string(name)].push_back(std::move(value));
}

bool Flags::Has(absl::string_view name) const {
  const std::vector<std::string>& values = All(name);
  return !values.empty() && values.back() != "false";
}

std::string Flags::Last(absl::string_view name) const {
  const std::vector<std::string>& values = All(name);
  return values.empty() ? "" : values.back();
}

const std::vector<std::string>& Flags::All(absl::string_view name) const {
  static const std::vector<std::string> none;
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? none : found->second;
}

absl::StatusOr<unsigned> Flags::Count(absl::string_view name) const {
  const std::string text = Last(name);
  unsigned count = 0;
  if (text.empty() || (absl::SimpleAtoi(text, &count) && count < 1U << 16)) return count;
  return absl::InvalidArgumentError(
      absl::StrCat("invalid value \"", text, "\" for flag -", name, ": expected a count"));
}

absl::StatusOr<ParsedFlags> ParseFlags(const std::vector<FlagSpec>& specs,
                                       const std::vector<std::string>& words) {
  ParsedFlags parsed;
  std::size_t i = 0;
  for (; i < words.size(); ++i) {
    absl::string_view word = words[i];
    if (word.size() < 2 || word[0] != '-') break;
    if (word == "--") {
      ++i;
      break;
    }
    word.remove_prefix(word[1] == '-' ? 2 : 1);
    const std::size_t equals = word.find('=');
    const absl::string_view name = word.substr(0, equals);
    const auto spec = std::find_if(specs.begin(), specs.end(), [name](const FlagSpec& one) {
      return one.name == name || (!one.short_name.empty() && one.short_name == name);
    });
    if (spec == specs.end()) {
      return absl::InvalidArgumentError(absl::StrCat("flag provided but not defined: -", name));
    }
    std::string value = spec->takes_value ? "" : "true";
    if (equals != absl::string_view::npos) {
      value = std::string(word.substr(equals + 1));
    } else if (spec->takes_value) {
      if (++i == words.size()) {
        return absl::InvalidArgumentError(absl::StrCat("flag needs an argument: -", name));
      }
      value = words[i];
    }
    if (!spec->takes_value && value != "true" && value != "false") {
      return absl::InvalidArgumentError(
          absl::StrCat("invalid boolean value \"", value, "\" for -", name));
    }
    parsed.flags.Add(spec->name, std::move(value));
  }
  parsed.rest.assign(words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
  return parsed;
}

}  // namespace fakes
