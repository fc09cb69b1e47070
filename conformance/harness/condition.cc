// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/condition.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/status_macros.h"

namespace conformance {
namespace {

struct FactKind {
  absl::string_view name;
  std::vector<std::string> words;  // the values there are; empty: any
  bool is_version = false;
};

const std::vector<FactKind>& FactKinds() {
  static const auto* const kinds =
      new std::vector<FactKind>{{.name = "shim.version", .words = {}, .is_version = true},
                                {.name = "engine.version", .words = {}, .is_version = true},
                                {.name = "host.kernel", .words = {}, .is_version = true},
                                {.name = "engine", .words = {}},
                                {.name = "host.cgroup", .words = {"v1", "v2", "hybrid", "none"}},
                                {.name = "host.priv", .words = {"root", "userns"}}};
  return *kinds;
}

enum class Operator { kEqual, kNotEqual, kLessEqual, kLess, kGreaterEqual, kGreater };

// Those of two characters first, since the others begin them.
constexpr std::array<std::pair<absl::string_view, Operator>, 6> kOperators = {
    {{"==", Operator::kEqual},
     {"!=", Operator::kNotEqual},
     {"<=", Operator::kLessEqual},
     {">=", Operator::kGreaterEqual},
     {"<", Operator::kLess},
     {">", Operator::kGreater}}};

bool Compare(int order, Operator op) {
  switch (op) {
    case Operator::kEqual:
      return order == 0;
    case Operator::kNotEqual:
      return order != 0;
    case Operator::kLessEqual:
      return order <= 0;
    case Operator::kLess:
      return order < 0;
    case Operator::kGreaterEqual:
      return order >= 0;
    case Operator::kGreater:
      return order > 0;
  }
  return false;
}

bool IsWordCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

// The value of a fact, or nullptr while it is unknown.
const std::string* Known(const Facts& facts, absl::string_view name) {
  const auto found = facts.find(std::string(name));
  return found == facts.end() || found->second.empty() ? nullptr : &found->second;
}

// A version as numbers; one more at the end that is 0 for a pre-release and 1 for a release.
std::vector<std::uint64_t> VersionNumbers(absl::string_view text) {
  constexpr std::size_t kParts = 4;
  while (!text.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) {
    text.remove_prefix(1);
  }
  std::vector<std::uint64_t> numbers(kParts, 0);
  for (std::size_t part = 0; part < kParts; ++part) {
    while (!text.empty() && absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) {
      numbers[part] = numbers[part] * 10 + static_cast<std::uint64_t>(text[0] - '0');
      text.remove_prefix(1);
    }
    if (text.empty() || text[0] != '.') break;
    text.remove_prefix(1);
  }
  const bool before = !text.empty() && (absl::StartsWith(text.substr(1), "alpha") ||
                                        absl::StartsWith(text.substr(1), "beta") ||
                                        absl::StartsWith(text.substr(1), "rc"));
  numbers.push_back(before ? 0 : 1);
  return numbers;
}

}  // namespace

struct Condition::Node {
  enum class Kind { kAnd, kOr, kNot, kCompare };
  Kind kind = Kind::kCompare;
  std::vector<std::shared_ptr<const Node>> parts;  // each owned by this node alone
  const FactKind* fact = nullptr;                  // of a comparison
  Operator op = Operator::kEqual;
  std::string value;

  [[nodiscard]] bool Holds(const Facts& facts) const {
    const auto holds = [&facts](const auto& part) { return part->Holds(facts); };
    switch (kind) {
      case Kind::kAnd:
        return std::all_of(parts.begin(), parts.end(), holds);
      case Kind::kOr:
        return std::any_of(parts.begin(), parts.end(), holds);
      case Kind::kNot:
        return !parts.front()->Holds(facts);
      case Kind::kCompare:
        break;
    }
    const std::string* const known = Known(facts, fact->name);
    if (known == nullptr) return false;
    return Compare(fact->is_version ? CompareVersions(*known, value) : known->compare(value), op);
  }

  [[nodiscard]] bool Mentions(absl::string_view name) const {
    return (fact != nullptr && fact->name == name) ||
           std::any_of(parts.begin(), parts.end(),
                       [name](const auto& part) { return part->Mentions(name); });
  }
};

namespace {

using Node = Condition::Node;
using NodePtr = std::shared_ptr<const Node>;

// Recursive descent: or-expressions of and-expressions of terms.
class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  absl::StatusOr<NodePtr> ParseAll() {
    ASSIGN_OR_RETURN(NodePtr root, ParseJoined(Node::Kind::kOr));
    if (at_ != text_.size()) return Error("expected `and`, `or` or the end");
    return root;
  }

 private:
  [[nodiscard]] absl::Status Error(absl::string_view what) const {
    return absl::InvalidArgumentError(
        absl::StrCat("column ", at_ + 1, " of the condition: ", what));
  }
  void SkipSpace() {
    while (at_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool Take(absl::string_view symbol) {
    SkipSpace();
    if (!absl::StartsWith(text_.substr(at_), symbol)) return false;
    at_ += symbol.size();
    return true;
  }
  absl::string_view PeekWord() {
    SkipSpace();
    std::size_t end = at_;
    while (end < text_.size() && IsWordCharacter(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }
  bool TakeWord(absl::string_view word) { return PeekWord() == word && Take(word); }

  absl::StatusOr<NodePtr> ParseJoined(Node::Kind kind) {
    const bool is_or = kind == Node::Kind::kOr;
    auto node = std::make_shared<Node>();
    node->kind = kind;
    do {
      ASSIGN_OR_RETURN(NodePtr part, is_or ? ParseJoined(Node::Kind::kAnd) : ParseTerm());
      node->parts.push_back(std::move(part));
    } while (TakeWord(is_or ? "or" : "and"));
    return NodePtr(std::move(node));
  }

  absl::StatusOr<NodePtr> ParseTerm() {
    constexpr int kDepthMax = 32;
    if (Take("(")) {
      if (++depth_ > kDepthMax) return Error("too many parentheses");
      ASSIGN_OR_RETURN(NodePtr inner, ParseJoined(Node::Kind::kOr));
      --depth_;
      if (!Take(")")) return Error("expected `)`");
      return inner;
    }
    if (TakeWord("not")) {
      if (++depth_ > kDepthMax) return Error("too many negations");
      auto node = std::make_shared<Node>();
      node->kind = Node::Kind::kNot;
      ASSIGN_OR_RETURN(NodePtr inner, ParseTerm());
      --depth_;
      node->parts.push_back(std::move(inner));
      return NodePtr(std::move(node));
    }
    return ParseComparison();
  }

  absl::StatusOr<NodePtr> ParseComparison() {
    auto node = std::make_shared<Node>();
    const absl::string_view name = PeekWord();
    for (const FactKind& kind : FactKinds()) {
      if (kind.name == name) node->fact = &kind;
    }
    if (node->fact == nullptr) {
      return Error(absl::StrCat("expected one of ", absl::StrJoin(FactNames(), ", ")));
    }
    at_ += name.size();
    ASSIGN_OR_RETURN(node->op, ParseOperator(*node->fact));
    ASSIGN_OR_RETURN(node->value, ParseValue(*node->fact));
    return NodePtr(std::move(node));
  }

  absl::StatusOr<Operator> ParseOperator(const FactKind& fact) {
    for (const auto& [symbol, op] : kOperators) {
      if (!Take(symbol)) continue;
      if (!fact.is_version && op != Operator::kEqual && op != Operator::kNotEqual) {
        at_ -= symbol.size();
        return Error(absl::StrCat(fact.name, " has no order; write == or !="));
      }
      return op;
    }
    return Error("expected one of == != < <= > >=");
  }

  absl::StatusOr<std::string> ParseValue(const FactKind& fact) {
    SkipSpace();
    const std::size_t start = at_;
    std::string value;
    if (at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"')) {
      const std::size_t end = text_.find(text_[at_], at_ + 1);
      if (end == absl::string_view::npos) return Error("the quote is not closed");
      value = std::string(text_.substr(at_ + 1, end - at_ - 1));
      at_ = end + 1;
    } else {
      value = std::string(PeekWord());
      if (value.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(value[0]))) {
        return Error("expected a value in quotes, or a number");
      }
      at_ += value.size();
    }
    if (fact.name == "host.cgroup" && (value == "1" || value == "2")) value = "v" + value;
    const bool is_known = fact.words.empty() || std::find(fact.words.begin(), fact.words.end(),
                                                          value) != fact.words.end();
    const bool is_version =
        !fact.is_version ||
        (!value.empty() && absl::ascii_isdigit(static_cast<unsigned char>(value[0])));
    if (is_known && is_version) return value;
    at_ = start;
    return Error(is_known
                     ? absl::StrCat(fact.name, " is compared with a version such as '1.7.2'")
                     : absl::StrCat(fact.name, " is one of ", absl::StrJoin(fact.words, ", ")));
  }

  const absl::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::vector<std::string> FactNames() {
  std::vector<std::string> names;
  for (const FactKind& kind : FactKinds()) names.emplace_back(kind.name);
  return names;
}

absl::StatusOr<Condition> Condition::Parse(absl::string_view text) {
  ASSIGN_OR_RETURN(std::shared_ptr<const Node> root, Parser(text).ParseAll());
  return Condition(std::move(root));
}

bool Condition::Holds(const Facts& facts) const { return root_->Holds(facts); }

bool Condition::Mentions(absl::string_view fact) const { return root_->Mentions(fact); }

std::vector<std::string> Condition::Unknown(const Facts& facts) const {
  std::vector<std::string> unknown;
  for (std::string& name : FactNames()) {
    if (Mentions(name) && Known(facts, name) == nullptr) unknown.push_back(std::move(name));
  }
  return unknown;
}

int CompareVersions(absl::string_view a, absl::string_view b) {
  const std::vector<std::uint64_t> left = VersionNumbers(a);
  const std::vector<std::uint64_t> right = VersionNumbers(b);
  if (left == right) return 0;
  return left < right ? -1 : 1;
}

}  // namespace conformance
