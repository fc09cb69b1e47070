// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <cstdint>
#include <map>
#include <string>

#include "base/unique_fd.h"

namespace base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Writes one line per entry, `time="<RFC 3339>" level=<level> msg="<escaped>" key="value"...`, the
// form containerd's own shims use (FILE-03). Never blocks: a full pipe drops the line and counts
// it; the next line that fits says how many were lost (`dropped="3"`, FILE-05). EPIPE is ignored
// and raises no SIGPIPE (FILE-04). A line is written whole or not at all where the sink is a pipe:
// it has at most kLogLineBytesMax bytes, a longer message ends in `[+<bytes left out>]`.
class Log {
 public:
  // `sink` is borrowed (a descriptor that stays open), made non-blocking through a private
  // description where it is a FIFO, pipe or terminal reachable by /proc/self/fd; others share its
  // description, whose flags must not change. -1 discards everything.
  explicit Log(int sink = -1, LogLevel level = LogLevel::kInfo);

  // Appended to every line, e.g. ("id", "c1"). The same key again replaces the value. Fields beyond
  // kLogFieldsBytesMax in sum are left out. Keys are words, written as they are.
  void SetField(absl::string_view key, absl::string_view value);
  [[nodiscard]] bool Enabled(LogLevel level) const { return sink_ >= 0 && level >= level_; }

  template <typename... Args>
  void Debug(const Args&... args) {
    Write(LogLevel::kDebug, args...);
  }
  template <typename... Args>
  void Info(const Args&... args) {
    Write(LogLevel::kInfo, args...);
  }
  template <typename... Args>
  void Warning(const Args&... args) {
    Write(LogLevel::kWarning, args...);
  }
  template <typename... Args>
  void Error(const Args&... args) {
    Write(LogLevel::kError, args...);
  }

 private:
  template <typename... Args>
  void Write(LogLevel level, const Args&... args) {
    if (Enabled(level)) WriteLine(level, absl::StrCat(args...));
  }
  void WriteLine(LogLevel level, absl::string_view message);
  [[nodiscard]] bool TryWrite(absl::string_view line) const;

  int sink_;
  UniqueFd reopened_;  // !ok(): sink_ itself is written to, after asking poll()
  LogLevel level_;
  std::map<std::string, std::string> fields_;  // values escaped
  std::uint64_t dropped_ = 0;
};

}  // namespace base
