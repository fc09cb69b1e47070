// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

namespace shim {

// The first kSmallFileBytesMax bytes of a file, without blocking on one that is a FIFO.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path);

// Writes `contents` to `path` so that a reader sees the old file or the whole new one, and a
// failure leaves the old one. `mode` is subject to the umask.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view contents,
                                 unsigned mode);

}  // namespace shim
