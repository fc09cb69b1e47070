// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/wire_rule.h"

#include <absl/status/status.h>
#include <absl/strings/ascii.h>
#include <absl/strings/escaping.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <utility>

#include "base/status_macros.h"

namespace fakes {
namespace {

constexpr absl::string_view kSideNames[] = {"request", "reply", "event",  "start",
                                            "delete",  "info",  "version"};
constexpr absl::string_view kCodeNames[] = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

// Words between blanks; what stands in double quotes belongs to its word, with C escapes.
absl::StatusOr<std::vector<std::string>> Words(absl::string_view text) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < text.size()) {
    if (absl::ascii_isspace(static_cast<unsigned char>(text[at]))) {
      ++at;
      continue;
    }
    std::string word;
    while (at < text.size() && !absl::ascii_isspace(static_cast<unsigned char>(text[at]))) {
      if (text[at] != '"') {
        word.push_back(text[at++]);
        continue;
      }
      std::size_t end = at + 1;
      while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
      if (end >= text.size()) return absl::InvalidArgumentError("a closing quote is missing");
      std::string part;
      std::string error;
      if (!absl::CUnescape(text.substr(at + 1, end - at - 1), &part, &error)) {
        return absl::InvalidArgumentError(absl::StrCat("between the quotes: ", error));
      }
      word += part;
      at = end + 1;
    }
    words.push_back(std::move(word));
  }
  return words;
}

class Parser {
 public:
  explicit Parser(std::vector<std::string> words) : words_(std::move(words)) {}

  absl::StatusOr<WireRule> Parse() {
    ASSIGN_OR_RETURN(rule_.side, TakeSide("a side"));
    if ((Bit(rule_.side) & kMessageSides) != 0) {
      ASSIGN_OR_RETURN(rule_.name, TakeName(rule_.side));
    }
    RETURN_IF_ERROR(TakeCode());
    RETURN_IF_ERROR(TakeConditions());
    RETURN_IF_ERROR(TakeOccurrence());
    RETURN_IF_ERROR(TakeAct());
    if (at_ < words_.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("nothing may follow, but '", words_[at_], "'"));
    }
    return std::move(rule_);
  }

 private:
  [[nodiscard]] bool Ends() const { return at_ == words_.size(); }
  [[nodiscard]] bool Peeks(absl::string_view word) const { return !Ends() && words_[at_] == word; }

  absl::StatusOr<std::string> Take(absl::string_view what) {
    if (Ends()) return absl::InvalidArgumentError(absl::StrCat(what, " is expected at the end"));
    return words_[at_++];
  }

  absl::StatusOr<WireSide> TakeSide(absl::string_view what) {
    ASSIGN_OR_RETURN(const std::string word, Take(what));
    const auto* found = std::find(std::begin(kSideNames), std::end(kSideNames), word);
    if (found == std::end(kSideNames)) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", word, "' is none of ", absl::StrJoin(kSideNames, ", ")));
    }
    return static_cast<WireSide>(found - std::begin(kSideNames));
  }

  absl::StatusOr<std::string> TakeName(WireSide side) {
    const bool event = side == WireSide::kEvent;
    ASSIGN_OR_RETURN(std::string name, Take(event ? "a topic or *" : "a method or *"));
    if (name != "*" && event != (name[0] == '/')) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", name, "' is no ", event ? "topic, which begins with a slash" : "method", ", nor *"));
    }
    return name;
  }

  absl::Status TakeCode() {
    if (!Peeks("when")) return absl::OkStatus();
    ++at_;
    if (rule_.side != WireSide::kReply) {
      return absl::InvalidArgumentError("'when CODE' is for replies");
    }
    ASSIGN_OR_RETURN(const std::string word, Take("a code"));
    int code = 0;
    if (!ParseStatusCode(word, code)) return NoCode(word);
    rule_.where.push_back({.field = "code", .value = absl::StrCat(code)});
    return absl::OkStatus();
  }

  static absl::Status NoCode(absl::string_view word) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", word, "' is no code: NOT_FOUND, UNKNOWN, ... or its number"));
  }

  absl::Status TakeConditions() {
    for (;;) {
      if (Peeks("after")) {
        ++at_;
        RETURN_IF_ERROR(TakeMessage(rule_.after_side, rule_.after));
        continue;
      }
      if (!Peeks("where") && !Peeks("and")) return absl::OkStatus();
      ++at_;
      ASSIGN_OR_RETURN(const std::string word, Take("FIELD=VALUE"));
      ASSIGN_OR_RETURN(WireCondition condition, ParseCondition(word));
      rule_.where.push_back(std::move(condition));
    }
  }

  absl::Status TakeMessage(WireSide& side, std::string& name) {
    ASSIGN_OR_RETURN(side, TakeSide("request, reply or event"));
    if ((Bit(side) & kMessageSides) == 0) {
      return absl::InvalidArgumentError("only requests, replies and events can be waited for");
    }
    ASSIGN_OR_RETURN(name, TakeName(side));
    return absl::OkStatus();
  }

  static absl::StatusOr<WireCondition> ParseCondition(const std::string& word) {
    using Op = WireCondition::Op;
    const std::size_t at = word.find_first_of("=!<>~");
    const bool length = word[0] == '#';
    const bool unequal = at != std::string::npos && word[at] == '!';
    if (at == std::string::npos || at == (length ? 1 : 0) ||
        (unequal && word.substr(at, 2) != "!=")) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", word, "' is none of FIELD=VALUE, FIELD!=VALUE, FIELD<N, FIELD>N, FIELD~TEXT"));
    }
    const Op op = unequal           ? Op::kNotEqual
                  : word[at] == '=' ? Op::kEqual
                  : word[at] == '<' ? Op::kLess
                  : word[at] == '~' ? Op::kContains
                                    : Op::kMore;
    const std::size_t begin = length ? 1 : 0;
    return WireCondition{.field = word.substr(begin, at - begin),
                         .length = length,
                         .op = op,
                         .value = word.substr(at + (unequal ? 2 : 1))};
  }

  absl::Status TakeOccurrence() {
    if (Peeks("once")) {
      ++at_;
      rule_.last = 1;
      return absl::OkStatus();
    }
    const bool nth = Peeks("nth");
    if (!nth && !Peeks("from")) return absl::OkStatus();
    ++at_;
    ASSIGN_OR_RETURN(const std::string word, Take("a count"));
    if (!absl::SimpleAtoi(word, &rule_.first) || rule_.first == 0) {
      return absl::InvalidArgumentError(absl::StrCat("'", word, "' is no count from 1 on"));
    }
    if (nth) rule_.last = rule_.first;
    return absl::OkStatus();
  }

  absl::Status TakeAct() {
    ASSIGN_OR_RETURN(const std::string word, Take("an act"));
    const auto& acts = WireActs();
    const auto found = std::find_if(acts.begin(), acts.end(),
                                    [&](const WireActInfo& info) { return info.name == word; });
    if (found == acts.end() || (found->sides & Bit(rule_.side)) == 0) {
      std::vector<absl::string_view> fitting;
      for (const WireActInfo& info : acts) {
        if ((info.sides & Bit(rule_.side)) != 0) fitting.push_back(info.name);
      }
      return absl::InvalidArgumentError(
          absl::StrCat("'", word, "' is nothing that can be done to a ", WireSideName(rule_.side),
                       "; there are: ", absl::StrJoin(fitting, ", ")));
    }
    rule_.act = found->act;
    return absl::Status(TakeArguments(found->arguments));
  }

  absl::Status TakeArguments(WireArguments arguments) {
    switch (arguments) {
      case WireArguments::kNone:
        return absl::OkStatus();
      case WireArguments::kAssignments:
        return TakeAssignments(/*at_least=*/1);
      case WireArguments::kFields:
        return TakeFields();
      case WireArguments::kCode:
        return TakeCodeText();
      case WireArguments::kText:
        return TakeText();
      case WireArguments::kNumber:
        return TakeNumber();
      case WireArguments::kShift:
        return TakeShift();
      case WireArguments::kMessage:
        if (Peeks("until")) ++at_;
        return TakeMessage(rule_.target_side, rule_.target);
      case WireArguments::kNameAssignments: {
        const bool event = rule_.act == WireAct::kEmit;
        ASSIGN_OR_RETURN(rule_.target, TakeName(event ? WireSide::kEvent : WireSide::kRequest));
        return TakeAssignments(/*at_least=*/0);
      }
      case WireArguments::kTypeStream: {
        RETURN_IF_ERROR(TakeNumber());
        ASSIGN_OR_RETURN(rule_.target, Take("a stream id"));
        std::uint32_t stream = 0;
        if (absl::SimpleAtoi(rule_.target, &stream)) return absl::OkStatus();
        return absl::InvalidArgumentError(absl::StrCat("'", rule_.target, "' is no stream id"));
      }
      case WireArguments::kPath:
      case WireArguments::kPathText: {
        ASSIGN_OR_RETURN(rule_.target, Take("a file name"));
        if (rule_.target.empty() || rule_.target.find('/') != std::string::npos) {
          return absl::InvalidArgumentError(absl::StrCat("'", rule_.target, "' is no file name"));
        }
        return arguments == WireArguments::kPath ? absl::OkStatus() : TakeText();
      }
      case WireArguments::kVariable:
        break;
    }
    ASSIGN_OR_RETURN(rule_.text, Take("NAME=VALUE"));
    if (rule_.text.find('=') != 0 && rule_.text.find('=') != std::string::npos) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat("'", rule_.text, "' is not NAME=VALUE"));
  }

  absl::Status TakeAssignments(std::size_t at_least) {
    using Op = WireAssignment::Op;
    while (!Ends()) {
      const std::string& word = words_[at_++];
      const std::size_t at = word.find('=');
      if (at == std::string::npos || at == 0) {
        return absl::InvalidArgumentError(absl::StrCat("'", word, "' is not FIELD=VALUE"));
      }
      const char before = word[at - 1];
      const Op op = before == '+' ? Op::kAdd : before == '-' ? Op::kSubtract : Op::kSet;
      rule_.assignments.push_back(
          {word.substr(0, op == Op::kSet ? at : at - 1), op, word.substr(at + 1)});
    }
    if (rule_.assignments.size() >= at_least) return absl::OkStatus();
    return absl::InvalidArgumentError("FIELD=VALUE is expected at the end");
  }

  absl::Status TakeFields() {
    while (!Ends()) rule_.fields.push_back(words_[at_++]);
    if (!rule_.fields.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("a field is expected at the end");
  }

  absl::Status TakeCodeText() {
    ASSIGN_OR_RETURN(const std::string word, Take("a code"));
    int code = 0;
    if (!ParseStatusCode(word, code) || code == 0) return NoCode(word);
    rule_.number = code;
    return Ends() ? absl::OkStatus() : TakeText();
  }

  absl::Status TakeText() {
    if (Ends()) return absl::InvalidArgumentError("a text is expected at the end");
    rule_.text =
        absl::StrJoin(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end(), " ");
    at_ = words_.size();
    return absl::OkStatus();
  }

  absl::Status TakeNumber() {
    ASSIGN_OR_RETURN(const std::string word, Take("a number"));
    if (absl::SimpleAtoi(word, &rule_.number) && rule_.number >= 0) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("'", word, "' is no number"));
  }

  absl::Status TakeShift() {
    ASSIGN_OR_RETURN(const std::string word, Take("+N, -N or =N"));
    const char sign = word.empty() ? ' ' : word[0];
    rule_.absolute = sign == '=';
    if ((sign == '+' || sign == '-' || sign == '=') &&
        absl::SimpleAtoi(word.substr(1), &rule_.number) && rule_.number >= 0) {
      if (sign == '-') rule_.number = -rule_.number;
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat("'", word, "' is not +N, -N or =N"));
  }

  std::vector<std::string> words_;
  std::size_t at_ = 0;
  WireRule rule_;
};

}  // namespace

absl::string_view WireSideName(WireSide side) { return kSideNames[static_cast<int>(side)]; }

bool ParseStatusCode(absl::string_view text, int& code) {
  const auto* found = std::find(std::begin(kCodeNames), std::end(kCodeNames), text);
  if (found != std::end(kCodeNames)) {
    code = static_cast<int>(found - std::begin(kCodeNames));
    return true;
  }
  return absl::SimpleAtoi(text, &code) && code >= 0;
}

absl::StatusOr<WireRule> ParseWireRule(absl::string_view text) {
  absl::StatusOr<std::vector<std::string>> words = Words(text);
  absl::StatusOr<WireRule> rule =
      words.ok() ? Parser(*std::move(words)).Parse() : absl::StatusOr<WireRule>(words.status());
  if (rule.ok()) return rule;
  return base::Annotate(rule.status(), absl::StrCat("rule '", text, "'"));
}

}  // namespace fakes
