// SPDX-License-Identifier: Apache-2.0
#include "fakes/faulty_engine/engine_rule.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <iterator>

#include "base/status_macros.h"

namespace fakes {
namespace {

using Kind = EngineRule::Kind;

constexpr absl::string_view kVerbs[] = {"create", "start",  "exec",     "kill",       "delete",
                                        "state",  "ps",     "list",     "pause",      "resume",
                                        "update", "events", "features", "checkpoint", "restore"};
constexpr int kLastDescriptor = 2;
constexpr int kLastOpened = 9;

template <std::size_t N>
bool IsOneOf(const absl::string_view (&words)[N], absl::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

// The words of one line, from left to right.
class Words {
 public:
  explicit Words(absl::string_view text) : rest_(absl::StripAsciiWhitespace(text)) {}

  absl::string_view Next() {
    const absl::string_view word = rest_.substr(0, rest_.find(' '));
    rest_ = absl::StripLeadingAsciiWhitespace(rest_.substr(word.size()));
    return word;
  }
  absl::string_view rest() const { return rest_; }

 private:
  absl::string_view rest_;
};

absl::Status Expected(absl::string_view word, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("'", word, "': expected ", what));
}

absl::Status TakeNumber(Words& words, int max, int& number) {
  const absl::string_view word = words.Next();
  if (absl::SimpleAtoi(word, &number) && number >= 0 && number <= max) return absl::OkStatus();
  return Expected(word, absl::StrCat("a number from 0 to ", max));
}

absl::Status TakeText(Words& words, absl::string_view what, std::string& text) {
  text = std::string(words.rest());
  words = Words("");
  return text.empty() ? Expected("", what) : absl::OkStatus();
}

absl::Status TakeOption(absl::string_view option, Words& words, EngineRule& rule) {
  rule.name = std::string(absl::StripLeadingAsciiWhitespace(option));
  rule.name.erase(0, rule.name.find_first_not_of('-'));
  if (rule.name.empty()) return Expected(option, "an option");
  if (rule.kind == Kind::kSetOption) {
    rule.value = std::string(words.rest());  // none: an option without value
    words = Words("");
  }
  return absl::OkStatus();
}

absl::Status TakeHooks(Words& words, EngineRule& rule) {
  if (rule.verb != "create") return Expected(rule.verb, "create, which alone is told of hooks");
  std::string text;
  RETURN_IF_ERROR(TakeText(words, "what becomes of the hooks", text));
  return ParseHooksEdit(text, rule.hooks);
}

absl::Status TakeAction(absl::string_view action, Words& words, EngineRule& rule) {
  if (action == "skip" || action == "twice") {
    rule.kind = action == "skip" ? Kind::kSkip : Kind::kTwice;
    return absl::OkStatus();
  }
  if (action == "fail" || action == "exit") {
    rule.kind = action == "fail" ? Kind::kFail : Kind::kExit;
    RETURN_IF_ERROR(TakeNumber(words, 255, rule.number));
    return action == "fail" ? TakeText(words, "a message", rule.value) : absl::OkStatus();
  }
  if (action == "first" || action == "then") {
    rule.kind = action == "first" ? Kind::kFirst : Kind::kThen;
    return TakeText(words, "a shell command", rule.value);
  }
  if (action == "pid-file") {
    rule.kind = Kind::kPidFile;
    rule.value = std::string(words.rest());
    words = Words("");
    return absl::OkStatus();
  }
  if (action == "swap") {
    rule.kind = Kind::kSwap;
    RETURN_IF_ERROR(TakeNumber(words, kLastDescriptor, rule.number));
    return TakeNumber(words, kLastDescriptor, rule.other);
  }
  if (action == "open") {
    rule.kind = Kind::kOpen;
    return TakeNumber(words, kLastOpened, rule.number);
  }
  if (action == "null" || action == "socket") {
    rule.kind = action == "null" ? Kind::kNull : Kind::kSocket;
    return TakeNumber(words, kLastDescriptor, rule.number);
  }
  if (action == "signal") {
    if (rule.verb != "kill") return Expected(rule.verb, "kill, which alone has a signal");
    rule.kind = Kind::kSignal;
    rule.name = std::string(words.Next());
    return TakeText(words, "the signal it becomes", rule.value);
  }
  if (action == "hooks") {
    rule.kind = Kind::kHooks;
    return TakeHooks(words, rule);
  }
  return Expected(action,
                  "drop, set, append, reverse, double, remove-last, move, skip, twice, fail, exit, "
                  "first, then, pid-file, swap, null, socket, open, signal or hooks");
}

absl::StatusOr<EngineRule> Parse(absl::string_view line) {
  Words words(line);
  EngineRule rule;
  rule.verb = std::string(words.Next());
  if (!IsOneOf(kVerbs, rule.verb)) return Expected(rule.verb, "a verb of the engine");
  const absl::string_view edit = words.rest();
  const absl::string_view action = words.Next();
  if (IsJsonEditWord(action)) {
    if ((action == "drop" || action == "set") && absl::StartsWith(words.rest(), "-")) {
      rule.kind = action == "drop" ? Kind::kDropOption : Kind::kSetOption;
      RETURN_IF_ERROR(TakeOption(words.Next(), words, rule));
    } else {
      rule.kind = Kind::kJson;
      ASSIGN_OR_RETURN(rule.edit, ParseJsonEdit(edit));
      return rule;
    }
  } else {
    RETURN_IF_ERROR(TakeAction(action, words, rule));
  }
  if (!words.rest().empty()) return Expected(words.rest(), "nothing more");
  return rule;
}

}  // namespace

absl::StatusOr<EngineRule> ParseEngineRule(absl::string_view line) {
  absl::StatusOr<EngineRule> rule = Parse(line);
  if (rule.ok()) return rule;
  return base::Annotate(rule.status(), absl::StrCat("rule \"", line, "\""));
}

}  // namespace fakes
