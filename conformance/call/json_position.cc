// SPDX-License-Identifier: Apache-2.0
#include "conformance/call/json_position.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace conformance {
namespace {

// Walks a text that is known to be valid JSON.
class Scanner {
 public:
  Scanner(absl::string_view text, const JsonPath& path) : text_(text), path_(path) {}

  std::size_t Find() {
    SkipSpace();
    for (const std::string& step : path_) {
      if (!Enter(step)) break;
    }
    return at_;
  }

 private:
  [[nodiscard]] char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipSpace() {
    while (at_ < text_.size() && absl::ascii_isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }

  // From the first byte of an object or array to that of the value `step` names; stays where it is
  // when there is none.
  bool Enter(const std::string& step) {
    const std::size_t start = at_;
    const bool is_object = Peek() == '{';
    if (!is_object && Peek() != '[') return false;
    const char end = is_object ? '}' : ']';
    ++at_;
    for (std::size_t index = 0;; ++index) {
      SkipSpace();
      if (Peek() == end || Peek() == '\0') break;
      std::string key = std::to_string(index);
      if (is_object) {
        key = String();
        SkipSpace();
        ++at_;  // the colon
        SkipSpace();
      }
      if (key == step) return true;
      SkipValue();
      SkipSpace();
      if (Peek() == ',') ++at_;
    }
    at_ = start;
    return false;
  }

  std::string String() {
    const std::size_t start = at_;
    SkipValue();
    return nlohmann::json::parse(text_.begin() + start, text_.begin() + at_, nullptr, false)
        .get<std::string>();
  }

  void SkipValue() {
    int depth = 0;
    do {
      const char c = Peek();
      if (c == '"') {
        for (++at_; Peek() != '"' && Peek() != '\0'; ++at_) {
          if (Peek() == '\\') ++at_;
        }
        ++at_;
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        --depth;
        ++at_;
      } else if (depth == 0) {
        at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
      } else {
        ++at_;
      }
    } while (depth > 0 && at_ < text_.size());
  }

  const absl::string_view text_;
  const JsonPath& path_;
  std::size_t at_ = 0;
};

}  // namespace

TextPosition PositionAt(absl::string_view text, std::size_t offset) {
  TextPosition position;
  for (const char c : text.substr(0, offset)) {
    position.column = c == '\n' ? 1 : position.column + 1;
    if (c == '\n') ++position.line;
  }
  return position;
}

std::string PathText(const JsonPath& path) {
  std::string text;
  for (const std::string& step : path) {
    const bool is_index = !step.empty() && std::all_of(step.begin(), step.end(), [](char c) {
      return absl::ascii_isdigit(static_cast<unsigned char>(c));
    });
    absl::StrAppend(&text, is_index ? absl::StrCat("[", step, "]") : absl::StrCat(".", step));
  }
  return text.empty() ? "the request" : text;
}

std::size_t FindValue(absl::string_view json, const JsonPath& path) {
  return Scanner(json, path).Find();
}

}  // namespace conformance
