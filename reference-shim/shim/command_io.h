// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <cstddef>
#include <string>

// stdin, stdout and stderr of the short commands (start, delete, -info, -v), without iostream or
// stdio: the whole of `start` takes a millisecond.
namespace shim {

// Everything on stdin up to end of file, or until nothing more comes for kStdinPause (INFO-06), at
// most `bytes_max` (RESOURCE_EXHAUSTED beyond, STDIN-08). A closed stdin is an empty one.
absl::StatusOr<std::string> ReadStdin(std::size_t bytes_max);

// All of `text`, without an added newline.
absl::Status WriteStdout(absl::string_view text);
// Failures are ignored: there is nobody left to tell.
void WriteStderr(absl::string_view text);

}  // namespace shim
