// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "agent/agent.pb.h"
#include "fakes/guest_agent/guest_paths.h"

namespace fakes {

// One CopyFile: a directory, a symbolic link, or a piece of a file, which appears under its name
// with the last piece. INVALID_ARGUMENT for what lies outside of the run directory or makes no
// sense. No symbolic link leads out of it.
absl::Status CopyFile(const GuestPaths& paths, const grpc::CopyFileRequest& request);

}  // namespace fakes
