// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>
#include <absl/strings/string_view.h>

#include <string>

#include "base/unique_fd.h"

// Paths as a container sees them, looked up from outside: neither "..", nor an absolute or symbolic
// link leaves the root. Results are O_PATH descriptors.
namespace container {

// NOT_FOUND if there is nothing.
absl::StatusOr<base::UniqueFd> OpenBelow(const base::UniqueFd& root, absl::string_view path);

enum class RootEntry { kDirectory, kFile };

// The same, but makes what is missing: directories (0755) on the way and, as the last, an empty
// file (0644) or a directory, whatever the umask.
absl::StatusOr<base::UniqueFd> MakeBelow(const base::UniqueFd& root, absl::string_view path,
                                         RootEntry last);

// A name of the open file for system calls that take a path.
std::string ProcPath(const base::UniqueFd& fd);

}  // namespace container
