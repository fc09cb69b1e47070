// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include "base/unique_fd.h"

namespace base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Writes one line per entry, `time="<RFC 3339>" level=<level> msg="<escaped>" key="value"...`, the
// form containerd's own shims use (FILE-03). Never blocks: a full pipe drops the line and counts
// it; the next line that fits says how many were lost (FILE-05). EPIPE is ignored (FILE-04).
class Log {
 public:
  // `sink` is borrowed (a descriptor that stays open), made non-blocking through a private
  // description where it is a FIFO or pipe reachable by /proc/self/fd. -1 discards everything.
  explicit Log(int sink = -1, LogLevel level = LogLevel::kInfo);

  // Appended to every line, e.g. {{"id","c1"}}.
  void SetField(absl::string_view key, absl::string_view value);
  [[nodiscard]] bool Enabled(LogLevel level) const { return sink_ >= 0 && level >= level_; }

  template <typename... Args>
  void Debug(const Args&... args) { Write(LogLevel::kDebug, args...); }
  template <typename... Args>
  void Info(const Args&... args) { Write(LogLevel::kInfo, args...); }
  template <typename... Args>
  void Warning(const Args&... args) { Write(LogLevel::kWarning, args...); }
  template <typename... Args>
  void Error(const Args&... args) { Write(LogLevel::kError, args...); }

 private:
  template <typename... Args>
  void Write(LogLevel level, const Args&... args) {
    if (Enabled(level)) WriteLine(level, absl::StrCat(args...));
  }
  void WriteLine(LogLevel level, absl::string_view message);

  int sink_;
  UniqueFd reopened_;
  LogLevel level_;
  std::string fields_;
  unsigned long dropped_ = 0;
};

}  // namespace base
