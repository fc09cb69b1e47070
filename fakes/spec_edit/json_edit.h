// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <vector>

namespace fakes {

// One change of a JSON text. Places are JSON pointers; "*" stands for every member or element, "/"
// alone for the whole document. What is not there is left alone.
struct JsonEdit {
  enum class Kind {
    kDrop,        // the member or element is removed
    kSet,         // it becomes `value`; the last member is made if its parent is there
    kAppend,      // `value` is added to a list, or to a text one that it does not end with
    kReverse,     // a list the other way round
    kDouble,      // each element of a list twice, one behind the other
    kRemoveLast,  // of a list
    kMove,        // it goes to `to`: behind what is there if both are lists, else in its place
  };
  Kind kind = Kind::kDrop;
  std::vector<std::string> place;
  std::vector<std::string> to;
  std::string value;  // JSON
};

// Whether `word` begins such an edit: "drop", "set", "append", "reverse", "double", "remove-last",
// "move".
bool IsJsonEditWord(absl::string_view word);

// "drop /process/rlimits", "set /process/cwd "/tmp"", "move /hooks/prestart /hooks/poststop".
// INVALID_ARGUMENT says what was expected where.
absl::StatusOr<JsonEdit> ParseJsonEdit(absl::string_view text);

// Changes `json`; whether anything is different now. INVALID_ARGUMENT if it is no JSON.
absl::StatusOr<bool> ApplyJsonEdit(const JsonEdit& edit, std::string& json);

}  // namespace fakes
