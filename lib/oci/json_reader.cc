// SPDX-License-Identifier: Apache-2.0
#include "oci/json_reader.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "base/status_macros.h"
#include "oci/limits.h"

namespace oci {
namespace {

constexpr absl::string_view kNumberStart = "-0123456789";

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

std::uint32_t HexDigits(absl::string_view four) {
  std::uint32_t value = 0;
  for (const char c : four) {
    value = value * 16 + static_cast<std::uint32_t>(IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return value;
}

bool IsHighSurrogate(std::uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool IsLowSurrogate(std::uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

void AppendUtf8(std::uint32_t code, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

// What stands between the quotes, with its escapes, which are known to be well-formed.
std::string Unescape(absl::string_view raw) {
  constexpr absl::string_view kLetters = "bfnrt";
  constexpr absl::string_view kMeanings = "\b\f\n\r\t";
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      out.push_back(raw[i]);
      continue;
    }
    const char kind = raw[++i];
    if (kind != 'u') {
      const std::size_t letter = kLetters.find(kind);
      out.push_back(letter == absl::string_view::npos ? kind : kMeanings[letter]);
      continue;
    }
    std::uint32_t code = HexDigits(raw.substr(i + 1, 4));
    i += 4;
    if (IsHighSurrogate(code)) {
      const std::uint32_t low = HexDigits(raw.substr(i + 3, 4));
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      i += 6;
    }
    AppendUtf8(code, out);
  }
  return out;
}

}  // namespace

absl::Status JsonReader::ReadObject(absl::FunctionRef<absl::Status(absl::string_view name)> member,
                                    Nulls nulls) {
  RETURN_IF_ERROR(Enter('{', "an object"));
  path_.emplace_back();
  std::string unescaped;
  if (Peek() != '}') {
    do {
      if (Peek() != '"') return SyntaxError("expected a member name in quotes");
      absl::string_view name;
      bool escaped = false;
      RETURN_IF_ERROR(ScanString(name, escaped));
      if (!Consume(':')) return SyntaxError("expected ':'");
      path_.back().name = name;
      if (Peek() == 'n' && nulls == Nulls::kLeaveOut) {
        RETURN_IF_ERROR(ScanLiteral("null"));
        continue;
      }
      if (escaped) name = unescaped = Unescape(name);
      RETURN_IF_ERROR(member(name));
    } while (Consume(','));
  }
  if (!Consume('}')) return SyntaxError("expected ',' or '}'");
  path_.pop_back();
  return absl::OkStatus();
}

absl::Status JsonReader::ReadArray(absl::FunctionRef<absl::Status()> element) {
  RETURN_IF_ERROR(Enter('[', "an array"));
  path_.emplace_back();
  if (Peek() != ']') {
    do {
      RETURN_IF_ERROR(element());
      ++path_.back().index;
    } while (Consume(','));
  }
  if (!Consume(']')) return SyntaxError("expected ',' or ']'");
  path_.pop_back();
  return absl::OkStatus();
}

absl::Status JsonReader::ReadString(std::string& out) {
  RETURN_IF_ERROR(ExpectKind("\"", "a string"));
  absl::string_view raw;
  bool escaped = false;
  RETURN_IF_ERROR(ScanString(raw, escaped));
  out = escaped ? Unescape(raw) : std::string(raw);
  return absl::OkStatus();
}

absl::Status JsonReader::ReadBool(bool& out) {
  RETURN_IF_ERROR(ExpectKind("tf", "true or false"));
  out = Peek() == 't';
  return ScanLiteral(out ? "true" : "false");
}

absl::Status JsonReader::ReadInteger(std::int64_t min, std::int64_t max, std::int64_t& out) {
  RETURN_IF_ERROR(ExpectKind(kNumberStart, "an integer"));
  absl::string_view raw;
  RETURN_IF_ERROR(ScanNumber(raw));
  std::int64_t value = 0;
  if (!absl::SimpleAtoi(raw, &value) || value < min || value > max) {
    return ValueError(absl::StrCat("expected an integer from ", min, " to ", max));
  }
  out = value;
  return absl::OkStatus();
}

absl::Status JsonReader::ReadUnsigned(std::uint64_t max, std::uint64_t& out) {
  RETURN_IF_ERROR(ExpectKind(kNumberStart, "an integer"));
  absl::string_view raw;
  RETURN_IF_ERROR(ScanNumber(raw));
  std::uint64_t value = 0;
  if (!absl::SimpleAtoi(raw, &value) || value > max) {
    return ValueError(absl::StrCat("expected an integer from 0 to ", max));
  }
  out = value;
  return absl::OkStatus();
}

absl::Status JsonReader::Skip() {
  absl::string_view raw;
  bool escaped = false;
  switch (Peek()) {
    case '{':
      return ReadObject([this](absl::string_view) { return Skip(); });
    case '[':
      return ReadArray([this] { return Skip(); });
    case '"':
      return ScanString(raw, escaped);
    case 't':
      return ScanLiteral("true");
    case 'f':
      return ScanLiteral("false");
    case 'n':
      return ScanLiteral("null");
    default:
      if (!absl::StrContains(kNumberStart, Peek())) return SyntaxError("expected a value");
      return ScanNumber(raw);
  }
}

absl::Status JsonReader::SkipRaw(absl::string_view& raw) {
  const std::size_t begin = offset();
  RETURN_IF_ERROR(Skip());
  raw = text_.substr(begin, at_ - begin);
  return absl::OkStatus();
}

absl::Status JsonReader::Finish() {
  if (offset() != text_.size()) return SyntaxError("expected nothing more");
  return absl::OkStatus();
}

std::size_t JsonReader::offset() {
  while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  return at_;
}

absl::Status JsonReader::ValueError(absl::string_view what) const {
  std::string path;
  for (const Step& step : path_) {
    if (step.name.data() == nullptr) {
      absl::StrAppend(&path, "[", step.index, "]");
    } else {
      absl::StrAppend(&path, path.empty() ? "" : ".", step.name);
    }
  }
  return absl::InvalidArgumentError(path.empty() ? std::string(what)
                                                 : absl::StrCat(path, ": ", what));
}

absl::Status JsonReader::SyntaxError(absl::string_view what) const {
  const absl::string_view before = text_.substr(0, at_);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t column =
      newline == absl::string_view::npos ? before.size() + 1 : before.size() - newline;
  return absl::InvalidArgumentError(absl::StrCat("line ", line, ", column ", column, ": ",
                                                 at_ == text_.size() ? "unexpected end, " : "",
                                                 what));
}

char JsonReader::Peek() { return offset() < text_.size() ? text_[at_] : '\0'; }

bool JsonReader::Consume(char c) {
  if (Peek() != c || at_ == text_.size()) return false;
  ++at_;
  return true;
}

absl::Status JsonReader::Enter(char open, absl::string_view expected) {
  RETURN_IF_ERROR(ExpectKind(absl::string_view(&open, 1), expected));
  if (path_.size() == kJsonNestingMax) {
    return SyntaxError(absl::StrCat("nested more than ", kJsonNestingMax, " levels deep"));
  }
  Consume(open);
  return absl::OkStatus();
}

// A value of another kind is a type error at its path; no value at all is a syntax error.
absl::Status JsonReader::ExpectKind(absl::string_view first_bytes, absl::string_view expected) {
  const char c = Peek();
  if (at_ < text_.size() && absl::StrContains(first_bytes, c)) return absl::OkStatus();
  const std::size_t begin = at_;
  RETURN_IF_ERROR(Skip());
  at_ = begin;
  return ValueError(absl::StrCat("expected ", expected));
}

absl::Status JsonReader::ScanString(absl::string_view& raw, bool& escaped) {
  const std::size_t begin = ++at_;
  while (at_ < text_.size() && text_[at_] != '"') {
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c < 0x20) return SyntaxError("unescaped control character in a string");
    if (c == '\\') {
      escaped = true;
      RETURN_IF_ERROR(ScanEscape());
    } else if (c >= 0x80) {
      RETURN_IF_ERROR(ScanUtf8());
    } else {
      ++at_;
    }
  }
  if (at_ == text_.size()) return SyntaxError("expected '\"'");
  raw = text_.substr(begin, at_ - begin);
  ++at_;
  return absl::OkStatus();
}

absl::Status JsonReader::ScanEscape() {
  const auto hex_at = [this](std::size_t at) {
    if (text_.size() < at + 4) return false;
    return std::all_of(text_.begin() + at, text_.begin() + at + 4,
                       [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
  };
  const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (kind != '\0' && absl::StrContains("\"\\/bfnrt", kind)) {
    at_ += 2;
    return absl::OkStatus();
  }
  if (kind != 'u' || !hex_at(at_ + 2)) return SyntaxError("invalid escape in a string");
  const std::uint32_t unit = HexDigits(text_.substr(at_ + 2, 4));
  if (IsLowSurrogate(unit)) return SyntaxError("lone surrogate in a string");
  if (IsHighSurrogate(unit)) {
    const bool pair = text_.substr(at_ + 6, 2) == "\\u" && hex_at(at_ + 8) &&
                      IsLowSurrogate(HexDigits(text_.substr(at_ + 8, 4)));
    if (!pair) return SyntaxError("lone surrogate in a string");
    at_ += 6;
  }
  at_ += 6;
  return absl::OkStatus();
}

absl::Status JsonReader::ScanUtf8() {
  const absl::string_view rest = text_.substr(at_, 4);
  const auto lead = static_cast<unsigned char>(rest[0]);
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  bool valid = lead >= 0xc2 && lead <= 0xf4 && rest.size() >= length;
  for (std::size_t i = 1; valid && i < length; ++i) valid = IsContinuation(rest[i]);
  if (valid && length > 2) {
    // Not longer than need be, no surrogates, nothing above U+10FFFF.
    const auto second = static_cast<unsigned char>(rest[1]);
    valid = !(lead == 0xe0 && second < 0xa0) && !(lead == 0xed && second >= 0xa0) &&
            !(lead == 0xf0 && second < 0x90) && !(lead == 0xf4 && second >= 0x90);
  }
  if (!valid) return SyntaxError("a string is not UTF-8");
  at_ += length;
  return absl::OkStatus();
}

absl::Status JsonReader::ScanNumber(absl::string_view& raw) {
  const std::size_t begin = at_;
  const auto digits = [this] {
    const std::size_t first = at_;
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    return at_ - first;
  };
  const auto take = [this](absl::string_view any_of) {
    if (at_ == text_.size() || !absl::StrContains(any_of, text_[at_])) return false;
    ++at_;
    return true;
  };
  take("-");
  if (!take("0") && digits() == 0) return SyntaxError("expected a digit");
  if (take(".") && digits() == 0) return SyntaxError("expected a digit");
  if (take("eE")) {
    take("+-");
    if (digits() == 0) return SyntaxError("expected a digit");
  }
  raw = text_.substr(begin, at_ - begin);
  return absl::OkStatus();
}

absl::Status JsonReader::ScanLiteral(absl::string_view literal) {
  if (!absl::StartsWith(text_.substr(at_), literal)) return SyntaxError("expected a value");
  at_ += literal.size();
  return absl::OkStatus();
}

std::string CompactJson(absl::string_view text) {
  std::string compact;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!in_string && IsSpace(text[i])) continue;
    compact.push_back(text[i]);
    if (text[i] == '"') in_string = !in_string;
    if (text[i] == '\\') compact.push_back(text[++i]);  // the escaped character may be a quote
  }
  return compact;
}

absl::Status ValidateJson(absl::string_view text) {
  JsonReader reader(text);
  RETURN_IF_ERROR(reader.Skip());
  return reader.Finish();
}

}  // namespace oci
