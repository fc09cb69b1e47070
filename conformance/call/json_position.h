// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <cstddef>
#include <string>
#include <vector>

namespace conformance {

// Where something stands in a text. Both count from 1; columns are bytes.
struct TextPosition {
  int line = 1;
  int column = 1;
  friend bool operator==(const TextPosition&, const TextPosition&) = default;
};

// The position of byte `offset`; that of the end when the text is shorter.
TextPosition PositionAt(absl::string_view text, std::size_t offset);

// Steps from the root of a JSON document to a value: keys of objects, indices of arrays in decimal.
using JsonPath = std::vector<std::string>;

// ".spec.args[1]"; "the request" for the root.
std::string PathText(const JsonPath& path);

// The offset of the value that `path` leads to. `json` must be valid JSON; a path that goes further
// than the document ends at the deepest value there is.
std::size_t FindValue(absl::string_view json, const JsonPath& path);

}  // namespace conformance
