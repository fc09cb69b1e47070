// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>

namespace base::testing {

// A fresh directory (mode 0700, short path, fit for unix sockets), removed with all it holds by the
// destructor. Failing to make or to remove it fails the running test.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // path() + "/" + name; nothing is created.
  [[nodiscard]] std::string File(absl::string_view name) const;

 private:
  std::string path_;
};

// Whole contents of a file, or a marker text that fails a comparison when it cannot be read.
std::string ReadFile(const std::string& path);
// Creates or replaces a file; a failure fails the running test.
void WriteFile(const std::string& path, absl::string_view text, unsigned mode = 0644);

}  // namespace base::testing
