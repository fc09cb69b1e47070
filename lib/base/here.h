// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace base {

// The place of a call, as a defaulted last parameter: `void F(int x, base::Here here = {})`.
// (std::source_location is not usable with clang 14.)
struct Here {
  constexpr Here(const char* file_name = __builtin_FILE(),  // NOLINT(google-explicit-constructor)
                 int line_number = __builtin_LINE())
      : file(file_name), line(line_number) {}
  [[nodiscard]] std::string ToString() const {
    return std::string(file) + ":" + std::to_string(line);
  }
  const char* file;
  int line;
};

}  // namespace base
