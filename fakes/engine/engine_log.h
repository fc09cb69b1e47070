// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>

namespace fakes {

// What shims read when a command fails: the file of --log, and stderr.
class EngineLog {
 public:
  enum class Format { kText, kJson };

  EngineLog() = default;
  // `path` empty: stderr alone. A file that cannot be opened counts as none.
  EngineLog(std::string path, Format format) : path_(std::move(path)), format_(format) {}

  // To the file, and the bare message to stderr.
  void Error(absl::string_view message) const;
  // To the file alone.
  void Warning(absl::string_view message) const;

 private:
  void Write(absl::string_view level, absl::string_view message) const;

  std::string path_;
  Format format_ = Format::kText;
};

// Now, RFC 3339 in UTC; with nanoseconds, or whole seconds.
std::string Timestamp(bool nanoseconds);

}  // namespace fakes
