// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>
#include <utility>
#include <vector>

namespace shim {

// Where a client wants one stream of a process to go (contract 6.1, 6.2).
struct StdioUri {
  enum class Scheme {
    kNone,      // "": the null device
    kPath,      // "/x" or "fifo:///x": a FIFO, or an existing file (IO-01, IO-21)
    kFile,      // "file:///x": made if absent, appended to (IO-20)
    kBinary,    // "binary:///x?k=v": a logging program (IO-22)
    kBinaryV2,  // "binary-v2:///x": one that must report ready (IO-24)
  };

  Scheme scheme = Scheme::kNone;
  std::string path;                                        // absolute, except for kPath; decoded
  std::vector<std::pair<std::string, std::string>> query;  // in the order written

  [[nodiscard]] bool is_logger() const {
    return scheme == Scheme::kBinary || scheme == Scheme::kBinaryV2;
  }
  friend bool operator==(const StdioUri&, const StdioUri&) = default;
};

// INVALID_ARGUMENT quotes the text: an unknown scheme (IO-27), a path that is not absolute, a
// malformed %XX.
absl::StatusOr<StdioUri> ParseStdioUri(absl::string_view text);

}  // namespace shim
