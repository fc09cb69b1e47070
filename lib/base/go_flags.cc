// SPDX-License-Identifier: Apache-2.0
#include "base/go_flags.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/status_macros.h"

namespace base {
namespace {

const GoFlagSpec* FindSpec(const std::vector<GoFlagSpec>& specs, absl::string_view name) {
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [name](const GoFlagSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

// The spellings strconv.ParseBool takes, no others.
std::optional<bool> ParseGoBool(absl::string_view text) {
  for (const absl::string_view yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const absl::string_view no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

// One word that starts with a dash, taken apart.
struct FlagWord {
  std::string name;
  std::optional<std::string> value;  // what follows '='
};

absl::StatusOr<FlagWord> SplitFlagWord(const std::string& word) {
  const std::string body = word.substr(word[1] == '-' ? 2 : 1);
  if (body.empty() || body[0] == '-' || body[0] == '=') {
    return absl::InvalidArgumentError(absl::StrCat("bad flag syntax: ", word));
  }
  const std::size_t equals = body.find('=');
  if (equals == std::string::npos) return FlagWord{body, std::nullopt};
  return FlagWord{body.substr(0, equals), body.substr(equals + 1)};
}

absl::Status UnknownFlag(const std::string& name) {
  if (name == "h" || name == "help") return absl::InvalidArgumentError("flag: help requested");
  return absl::InvalidArgumentError(absl::StrCat("flag provided but not defined: -", name));
}

}  // namespace

absl::StatusOr<GoFlags> ParseGoFlags(const std::vector<GoFlagSpec>& specs,
                                     const std::vector<std::string>& args) {
  GoFlags flags;
  std::size_t next = 0;
  while (next < args.size()) {
    const std::string& word = args[next];
    if (word.size() < 2 || word[0] != '-') break;
    ++next;
    if (word == "--") break;
    ASSIGN_OR_RETURN(FlagWord flag, SplitFlagWord(word));
    const GoFlagSpec* spec = FindSpec(specs, flag.name);
    if (spec == nullptr) return UnknownFlag(flag.name);
    if (spec->is_bool) {
      const std::string text = flag.value.value_or("true");
      const std::optional<bool> parsed = ParseGoBool(text);
      if (!parsed) {
        return absl::InvalidArgumentError(
            absl::StrCat("invalid boolean value \"", absl::CEscape(text), "\" for -", flag.name));
      }
      flags.values[flag.name] = *parsed ? "true" : "false";
      continue;
    }
    if (!flag.value) {
      if (next == args.size()) {
        return absl::InvalidArgumentError(absl::StrCat("flag needs an argument: -", flag.name));
      }
      flag.value = args[next++];
    }
    flags.values[flag.name] = *flag.value;
  }
  flags.positional.assign(args.begin() + static_cast<std::ptrdiff_t>(next), args.end());
  return flags;
}

std::string GoFlagsUsage(const std::vector<GoFlagSpec>& specs) {
  std::size_t width = 0;
  for (const GoFlagSpec& spec : specs) width = std::max(width, spec.name.size());
  std::string usage;
  for (const GoFlagSpec& spec : specs) {
    const absl::string_view type = spec.is_bool ? "       " : " string";
    absl::StrAppend(&usage, "  -", spec.name, type, std::string(width - spec.name.size() + 2, ' '),
                    spec.help, "\n");
  }
  return usage;
}

}  // namespace base
