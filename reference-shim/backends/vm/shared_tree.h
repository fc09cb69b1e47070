// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>

#include "reference-shim/backends/vm/guest_spec.h"

// The directory of the host that a guest sees. Its root may write there, and rename and replace
// what it finds, at any time: nothing below the directory is looked up through a symbolic link
// (CVE-2020-2026). All of this may block.
namespace backends {

// Mounts the source of `share` below `directory`, and makes what is missing on the way. What
// happens to that mount in a guest is nothing to the original. A failure may leave it there.
absl::Status BindBelow(const std::string& directory, const Share& share);

// Unmounts everything on or below `name`, an entry of `directory`; a busy one is detached. OK when
// nothing is mounted or there is no such directory.
absl::Status UnmountBelow(const std::string& directory, const std::string& name);

}  // namespace backends
