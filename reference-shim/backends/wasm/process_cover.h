// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>

namespace backends {

// Covers the file systems of processes that the process recorded in `pid_file` sees in its
// container with empty directories, for all that is in there (stage/guest_view.h says why). The
// stage does so itself unless hooks run inside at start, after which it no longer has the rights.
// Moves the calling process into the container: for one that does nothing else.
absl::Status CoverProcessFileSystems(const std::string& pid_file);

}  // namespace backends
