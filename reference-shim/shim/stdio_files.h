// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "base/unique_fd.h"

namespace shim {

// One stream opened for a process or for the relay of its terminal, and what the shim keeps so that
// the other side may come and go (IO-04, IO-08). Opening never waits for a peer.
struct StdioEnd {
  base::UniqueFd used;  // given away
  base::UniqueFd kept;  // the opposite end of a FIFO or pipe; closed for other files
};

// `nonblocking` is about later reads and writes through `used`. All of these are CLOEXEC; failures
// name the path. A missing path is INVALID_ARGUMENT: the client has promised it.
absl::StatusOr<StdioEnd> OpenInputPath(const std::string& path, bool nonblocking);
absl::StatusOr<StdioEnd> OpenOutputPath(const std::string& path, bool nonblocking);
// Made if absent, with missing directories; opened for appending (IO-20).
absl::StatusOr<StdioEnd> OpenLogFile(const std::string& path);
// `used` is the write end, `kept` the read end.
absl::StatusOr<StdioEnd> OpenOutputPipe(bool nonblocking);
absl::StatusOr<StdioEnd> OpenNull();

absl::StatusOr<base::UniqueFd> Duplicate(const base::UniqueFd& fd);
absl::Status SetNonblocking(const base::UniqueFd& fd, bool nonblocking);

}  // namespace shim
