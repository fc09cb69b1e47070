// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_engine/engine_words.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <iterator>

#include "base/status_macros.h"

namespace fakes {
namespace {

// Options that have no value. Whatever else is given without '=' has the next word as its value.
constexpr absl::string_view kSwitches[] = {"systemd-cgroup",
                                           "debug",
                                           "help",
                                           "h",
                                           "version",
                                           "v",
                                           "no-pivot",
                                           "no-new-keyring",
                                           "tty",
                                           "t",
                                           "detach",
                                           "d",
                                           "no-new-privs",
                                           "ignore-paused",
                                           "all",
                                           "a",
                                           "force",
                                           "quiet",
                                           "q",
                                           "stats",
                                           "leave-running",
                                           "tcp-established",
                                           "ext-unix-sk",
                                           "shell-job",
                                           "file-locks",
                                           "lazy-pages",
                                           "pre-dump",
                                           "auto-dedup",
                                           "no-subreaper",
                                           "keep"};

bool HasValue(absl::string_view verb, absl::string_view name) {
  // The one letter that is two things.
  if (name == "f") return verb != "delete";
  return std::find(std::begin(kSwitches), std::end(kSwitches), name) == std::end(kSwitches);
}

using Word = std::vector<std::string>::const_iterator;

absl::Status TakeOptions(absl::string_view verb, Word& at, Word end,
                         std::vector<EngineWords::Option>& options) {
  for (; at != end && at->size() > 1 && at->front() == '-'; ++at) {
    const std::string name = at->substr(absl::StartsWith(*at, "--") ? 2 : 1);
    const std::size_t equals = name.find('=');
    EngineWords::Option option{.name = name.substr(0, equals), .value = {}};
    if (equals != std::string::npos) {
      option.value = name.substr(equals + 1);
    } else if (!name.empty() && HasValue(verb, name)) {
      if (++at == end) return absl::InvalidArgumentError(absl::StrCat("no value of --", name));
      option.value = *at;
    }
    options.push_back(option);
    if (name.empty()) {  // "--": the rest are arguments
      ++at;
      break;
    }
  }
  return absl::OkStatus();
}

void AppendOptions(const std::vector<EngineWords::Option>& options,
                   std::vector<std::string>& words) {
  for (const EngineWords::Option& option : options) {
    const bool is_switch = !HasValue("", option.name) || option.name.empty();
    const std::string dashed = absl::StrCat(option.name.size() == 1 ? "-" : "--", option.name);
    if (!option.value) {
      words.push_back(dashed);
    } else if (is_switch) {
      words.push_back(absl::StrCat(dashed, "=", *option.value));
    } else {
      words.push_back(dashed);
      words.push_back(*option.value);
    }
  }
}

}  // namespace

std::string* EngineWords::Find(absl::string_view name) {
  for (std::vector<Option>* list : {&options, &global}) {
    for (auto option = list->rbegin(); option != list->rend(); ++option) {
      if (option->name == name && option->value) return &*option->value;
    }
  }
  return nullptr;
}

bool EngineWords::Drop(absl::string_view name) {
  std::size_t dropped = 0;
  for (std::vector<Option>* list : {&options, &global}) {
    const auto end = std::remove_if(list->begin(), list->end(),
                                    [name](const Option& one) { return one.name == name; });
    dropped += static_cast<std::size_t>(std::distance(end, list->end()));
    list->erase(end, list->end());
  }
  return dropped > 0;
}

void EngineWords::Set(const std::string& name, const std::optional<std::string>& value) {
  bool found = false;
  for (std::vector<Option>* list : {&options, &global}) {
    for (Option& option : *list) {
      if (option.name != name) continue;
      option.value = value;
      found = true;
    }
  }
  if (!found) options.insert(options.begin(), {.name = name, .value = value});
}

std::vector<std::string> EngineWords::Format() const {
  std::vector<std::string> words;
  AppendOptions(global, words);
  if (verb.empty()) return words;
  words.push_back(verb);
  AppendOptions(options, words);
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

absl::StatusOr<EngineWords> ParseEngineWords(const std::vector<std::string>& words) {
  EngineWords parsed;
  auto at = words.begin();
  RETURN_IF_ERROR(TakeOptions("", at, words.end(), parsed.global));
  if (at == words.end()) return parsed;
  parsed.verb = *at++;
  RETURN_IF_ERROR(TakeOptions(parsed.verb, at, words.end(), parsed.options));
  parsed.arguments.assign(at, words.end());
  return parsed;
}

}  // namespace fakes
