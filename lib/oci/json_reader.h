// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace oci {

// Reads one JSON text (RFC 8259, UTF-8) from left to right into whatever the caller wants, without
// a tree: `start` has about a millisecond, and the idle shim keeps no parser's memory. Everything
// is checked, what is skipped too.
//
// Errors are INVALID_ARGUMENT. A value of the wrong type is named by its path, `process.args[0]:
// expected a string`; broken JSON by its place, `line 3, column 9: expected ':'` (both count from
// 1, columns in bytes). After an error the reader is of no further use.
class JsonReader {
 public:
  // `text` is borrowed and must outlive the reader and all string_views handed out.
  explicit JsonReader(absl::string_view text) : text_(text) {}

  // Members that are null count as absent, as for Go's decoder, unless asked for.
  enum class Nulls { kLeaveOut, kReport };

  // The callback gets each member's name and must consume its value by exactly one Read or Skip.
  // Names come unescaped and in order; a name that occurs twice is reported twice. The name is
  // valid during the callback only.
  absl::Status ReadObject(absl::FunctionRef<absl::Status(absl::string_view name)> member,
                          Nulls nulls = Nulls::kLeaveOut);
  // The callback must consume one element.
  absl::Status ReadArray(absl::FunctionRef<absl::Status()> element);

  absl::Status ReadString(std::string& out);
  absl::Status ReadBool(bool& out);
  // A number without fraction and exponent that fits.
  absl::Status ReadInteger(std::int64_t min, std::int64_t max, std::int64_t& out);
  absl::Status ReadUnsigned(std::uint64_t max, std::uint64_t& out);

  // Consumes a value of any type.
  absl::Status Skip();
  // The same, and says what its text was.
  absl::Status SkipRaw(absl::string_view& raw);

  // Demands that nothing but white space follows.
  absl::Status Finish();

  // Bytes consumed so far, white space before the next value included.
  [[nodiscard]] std::size_t offset();

  // An error about the value being read: `<path>: <what>`.
  [[nodiscard]] absl::Status ValueError(absl::string_view what) const;

 private:
  struct Step {  // of the path from the root: a member, or an element when `name` has no data
    absl::string_view name;
    std::size_t index = 0;
  };

  [[nodiscard]] absl::Status SyntaxError(absl::string_view what) const;
  [[nodiscard]] char Peek();  // next byte after white space; 0 at the end
  bool Consume(char c);
  absl::Status Enter(char open, absl::string_view expected);
  absl::Status ExpectKind(absl::string_view first_bytes, absl::string_view expected);
  absl::Status ScanString(absl::string_view& raw, bool& escaped);
  absl::Status ScanEscape();
  absl::Status ScanUtf8();
  absl::Status ScanNumber(absl::string_view& raw);
  absl::Status ScanLiteral(absl::string_view literal);

  absl::string_view text_;
  std::size_t at_ = 0;
  std::vector<Step> path_;
};

// `text`, which is valid JSON, without the white space between its tokens.
std::string CompactJson(absl::string_view text);

// OK if `text` is one JSON value (UPDATE-02, EXEC-06).
absl::Status ValidateJson(absl::string_view text);

}  // namespace oci
