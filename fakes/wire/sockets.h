// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"

namespace fakes {

// Sockets that stand where another one stood. Paths may have any length.

// A descriptor of the socket file itself (O_PATH), by which it can be connected to whatever its
// name has become.
absl::StatusOr<base::UniqueFd> OpenSocketFile(const std::string& path);

// Connects to it; `as` is a connected socket: the listener is told (SO_PEERCRED) of the user and
// group at the other end of that one. -1: ours.
absl::StatusOr<base::UniqueFd> ConnectToFile(const base::UniqueFd& file, int as);

// Connects by path. UNAVAILABLE if nobody listens, NOT_FOUND if there is nothing.
absl::StatusOr<base::UniqueFd> ConnectToPath(const std::string& path);

// Listens in the place of `path`. There is always one or the other: whoever connects meanwhile
// finds somebody. With `like` the file gets its mode.
absl::StatusOr<base::UniqueFd> ListenInstead(const std::string& path, const base::UniqueFd* like);

// The inode a socket file has, 0 if there is no such file.
ino_t InodeOf(const std::string& path);

// Removes `path` if it still is that file.
void RemoveIfSame(const std::string& path, ino_t inode);

// Who called listen(2) on the socket at `path`; 0 if nobody does.
pid_t ListenerOf(const std::string& path);

}  // namespace fakes
