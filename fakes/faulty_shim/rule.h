// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>
#include <absl/types/span.h>

#include <cstdint>
#include <map>
#include <string>

namespace fakes {

// One line that says what goes wrong: ACTION TARGET KEY=VALUE…, "fail unlink path=*/s/*
// errno=EPERM" (README.md).
struct Rule {
  std::string text;
  std::string action;
  std::string target;
  std::map<std::string, std::string> values;

  [[nodiscard]] bool has(absl::string_view key) const;
  // Empty when it was not given.
  [[nodiscard]] std::string Text(absl::string_view key) const;
  // What a key with a number, an errno or a flag by name stands for.
  [[nodiscard]] std::int64_t Number(absl::string_view key, std::int64_t fallback = 0) const;
};

// What rules there are. Keys are separated by spaces; one with a '!' behind it must be given.
struct RuleForm {
  absl::string_view action;
  absl::string_view target;
  absl::string_view conditions;  // globs that the facts of an occasion have to match
  absl::string_view parameters;
  absl::string_view what;
};
absl::Span<const RuleForm> AllRuleForms();

// Conditions of every rule; `while` is a circumstance (circumstances.h), no glob.
inline constexpr absl::string_view kCommonConditions = "role while";
// Parameters of every rule: which occurrence in a process it is about, or from which on, counted
// from 1.
inline constexpr absl::string_view kCommonParameters = "nth from";

// INVALID_ARGUMENT quotes the rule, names the word in it and says what was expected.
absl::StatusOr<Rule> ParseRule(absl::string_view text);

// The form the rule was parsed by.
const RuleForm& FormOf(const Rule& rule);
// Whether `key` is a condition there.
bool IsCondition(const RuleForm& form, absl::string_view key);

}  // namespace fakes
