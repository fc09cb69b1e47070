// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

#include "base/unique_fd.h"

namespace base {

// Creates a FIFO with exactly `mode` (umask ignored). ALREADY_EXISTS if the path is taken.
absl::Status MakeFifo(const std::string& path, unsigned mode);

// Opens an existing FIFO without ever blocking; results are CLOEXEC and, unless said otherwise,
// blocking for later reads and writes. INVALID_ARGUMENT if the path is not a FIFO.
absl::StatusOr<UniqueFd> OpenFifoReader(const std::string& path, bool nonblocking);
// The write end, although no reader may exist yet.
absl::StatusOr<UniqueFd> OpenFifoWriter(const std::string& path, bool nonblocking);
// Both ends in one descriptor (O_RDWR): keeps a FIFO from reaching EOF or EPIPE.
absl::StatusOr<UniqueFd> OpenFifoBothEnds(const std::string& path, bool nonblocking);

}  // namespace base
