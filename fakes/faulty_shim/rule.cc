// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_shim/rule.h"

#include <absl/status/status.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <set>
#include <vector>

#include "fakes/faulty_shim/circumstances.h"

namespace fakes {
namespace {

struct NamedNumber {
  absl::string_view name;
  int value;
};

constexpr NamedNumber kErrors[] = {
    {"EACCES", EACCES}, {"EAGAIN", EAGAIN}, {"EBUSY", EBUSY},   {"ECONNREFUSED", ECONNREFUSED},
    {"EINVAL", EINVAL}, {"EIO", EIO},       {"EMFILE", EMFILE}, {"ENOENT", ENOENT},
    {"ENOSPC", ENOSPC}, {"EPERM", EPERM}};

constexpr NamedNumber kFlags[] = {{"O_NONBLOCK", O_NONBLOCK},
                                  {"O_APPEND", O_APPEND},
                                  {"O_TRUNC", O_TRUNC},
                                  {"O_CLOEXEC", O_CLOEXEC}};

// Keys whose values are of a kind; all others are texts.
constexpr absl::string_view kNumbers =
    "nth from max ms code to status bytes death pass close keep timeout connect retries queue "
    "alter drop-argument";
constexpr absl::string_view kOctals = "mode";

struct Choice {
  absl::string_view key;
  absl::string_view values;
};
constexpr Choice kChoices[] = {
    {"role", "start delete daemon info version"},
    {"while", kCircumstances},
    {"child", "spawned helper adopted orphan"},
    {"keep-ends", "no"},
    {"nonblocking", "yes no"},
    {"reader", "none some"},
    {"stream", "in out err"},
    {"tee", "init"},
    {"backlog", "full"},
    {"as", "child"},
    {"decode", "signal-only no-signal wait-status low-bits signed"},
    {"reach", "all process init"},
    {"cwd", "inherit"},
    {"group", "inherit session parents"},
    {"until", "exit"},
    {"what", "fd thread child copy listener memory"},
    {"lose", "exec terminal pause update checkpoint stats"},
    {"show", "init none shim"},
    {"on", "call answer abandonment"},
    {"option", "subreaper sched-core"},
    {"place", "elsewhere plain lone own sandbox"},
    {"which", "uid gid"},
    {"error", "EPIPE EAGAIN"},
    {"upgraded", "yes no"},
    {"engine", "forgotten knows"},
};

std::vector<absl::string_view> Words(absl::string_view text) {
  return absl::StrSplit(text, ' ', absl::SkipEmpty());
}

bool Holds(absl::string_view words, absl::string_view word) {
  const std::vector<absl::string_view> all = Words(words);
  return std::find(all.begin(), all.end(), word) != all.end();
}

// The key without its '!'.
absl::string_view Bare(absl::string_view key) {
  return absl::EndsWith(key, "!") ? key.substr(0, key.size() - 1) : key;
}

bool HasKey(absl::string_view keys, absl::string_view key) {
  return Holds(keys, key) || Holds(keys, absl::StrCat(key, "!"));
}

template <typename Table>
std::string NamesOf(const Table& table) {
  return absl::StrJoin(
      table, ", ", [](std::string* out, const auto& entry) { absl::StrAppend(out, entry.name); });
}

template <typename Table>
const NamedNumber* FindName(const Table& table, absl::string_view name) {
  for (const NamedNumber& entry : table) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

// What is wrong with the value of a parameter or of a condition that is no glob; empty: nothing.
std::string Misfit(absl::string_view key, absl::string_view value) {
  std::int64_t number = 0;
  if (Holds(kNumbers, key) && (!absl::SimpleAtoi(value, &number) || number < 0)) {
    return "is no number";
  }
  if (Holds(kOctals, key) &&
      (value.empty() || value.find_first_not_of("01234567") != absl::string_view::npos)) {
    return "is no octal number";
  }
  if (key == "errno" && FindName(kErrors, value) == nullptr) {
    return absl::StrCat("is none of ", NamesOf(kErrors));
  }
  if (key == "flag" && FindName(kFlags, value) == nullptr) {
    return absl::StrCat("is none of ", NamesOf(kFlags));
  }
  for (const Choice& choice : kChoices) {
    if (choice.key == key && !Holds(choice.values, value)) {
      return absl::StrCat("is none of ", absl::StrJoin(Words(choice.values), ", "));
    }
  }
  return "";
}

absl::Status Refuse(absl::string_view rule, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("rule '", rule, "': ", why));
}

std::vector<absl::string_view> KeysOf(const RuleForm& form) {
  std::vector<absl::string_view> keys;
  for (const absl::string_view words :
       {form.conditions, form.parameters, kCommonConditions, kCommonParameters}) {
    for (const absl::string_view key : Words(words)) keys.push_back(Bare(key));
  }
  return keys;
}

const RuleForm* FindForm(absl::string_view action, absl::string_view target) {
  for (const RuleForm& form : AllRuleForms()) {
    if (form.action == action && form.target == target) return &form;
  }
  return nullptr;
}

// What could have been meant.
std::string ExplainUnknown(absl::string_view action, absl::string_view target) {
  std::set<absl::string_view> actions;
  std::set<absl::string_view> targets;
  for (const RuleForm& form : AllRuleForms()) {
    if (form.target == target) actions.insert(form.action);
    targets.insert(form.target);
  }
  if (!actions.empty()) {
    return absl::StrCat("no '", action, "' for ", target, "; there is ",
                        absl::StrJoin(actions, ", "));
  }
  return absl::StrCat("no target '", target, "'; there are ", absl::StrJoin(targets, ", "));
}

}  // namespace

bool Rule::has(absl::string_view key) const { return values.count(std::string(key)) > 0; }

std::string Rule::Text(absl::string_view key) const {
  const auto found = values.find(std::string(key));
  return found == values.end() ? "" : found->second;
}

std::int64_t Rule::Number(absl::string_view key, std::int64_t fallback) const {
  const std::string value = Text(key);
  if (value.empty()) return fallback;
  if (Holds(kOctals, key)) return std::strtoll(value.c_str(), nullptr, 8);
  if (const NamedNumber* error = FindName(kErrors, value)) return error->value;
  if (const NamedNumber* flag = FindName(kFlags, value)) return flag->value;
  return std::strtoll(value.c_str(), nullptr, 10);
}

absl::StatusOr<Rule> ParseRule(absl::string_view text) {
  const std::vector<absl::string_view> words = Words(text);
  if (words.size() < 2) return Refuse(text, "expected ACTION TARGET KEY=VALUE...");
  const RuleForm* form = FindForm(words[0], words[1]);
  if (form == nullptr) return Refuse(text, ExplainUnknown(words[0], words[1]));
  Rule rule = {.text = std::string(text),
               .action = std::string(words[0]),
               .target = std::string(words[1]),
               .values = {}};
  const std::vector<absl::string_view> known = KeysOf(*form);
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> entry =
        absl::StrSplit(words[i], absl::MaxSplits('=', 1));
    const auto& [key, value] = entry;
    if (!absl::StrContains(words[i], "=")) {
      return Refuse(text, absl::StrCat("'", words[i], "' is not KEY=VALUE"));
    }
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return Refuse(text,
                    absl::StrCat("no key '", key, "'; there are ", absl::StrJoin(known, ", ")));
    }
    if (const std::string misfit = Misfit(key, value); !misfit.empty()) {
      return Refuse(text, absl::StrCat(key, ": '", value, "' ", misfit));
    }
    if (!rule.values.emplace(key, value).second) {
      return Refuse(text, absl::StrCat("key '", key, "' occurs twice"));
    }
  }
  for (const absl::string_view keys : {form->conditions, form->parameters}) {
    for (const absl::string_view key : Words(keys)) {
      if (absl::EndsWith(key, "!") && !rule.has(Bare(key))) {
        return Refuse(text, absl::StrCat("key '", Bare(key), "' is missing"));
      }
    }
  }
  return rule;
}

const RuleForm& FormOf(const Rule& rule) { return *FindForm(rule.action, rule.target); }

bool IsCondition(const RuleForm& form, absl::string_view key) {
  return HasKey(form.conditions, key) || HasKey(kCommonConditions, key);
}

}  // namespace fakes
