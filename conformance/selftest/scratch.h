// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

namespace conformance {

// A fresh directory for the wrappers and results of a selftest, below TMPDIR or /tmp, removed with
// all it holds by the destructor. Anybody may enter it: worlds may belong to other users.
class Scratch {
 public:
  static absl::StatusOr<Scratch> Make();
  ~Scratch();
  Scratch(Scratch&& other) noexcept;
  Scratch& operator=(Scratch&&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // Makes and returns path() + "/" + name, where `name` may have several parts.
  [[nodiscard]] absl::StatusOr<std::string> MakeDirectory(absl::string_view name) const;

 private:
  explicit Scratch(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// Writes a file (0644), or a program for /bin/sh (0755): `body` without its first line.
absl::Status WriteTextTo(const std::string& path, absl::string_view text);
absl::Status WriteScript(const std::string& path, absl::string_view body);

// The number of lines in a file, 0 when there is none.
std::size_t CountLines(const std::string& path);
// Its contents; "" when it cannot be read.
std::string TextOf(const std::string& path);

}  // namespace conformance
