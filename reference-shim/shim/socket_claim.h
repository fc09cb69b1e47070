// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"

namespace shim {

// Who owns a shim's socket path. All changes to a path happen under a lock on its directory, held
// for a few system calls, so that concurrent starts of one group agree on one daemon (START-18) and
// a daemon that ends never removes its successor's socket. The kernel drops the lock of a process
// that dies; no lock file is left.

// `listener` is a listening socket (0600, SOCK-06) at the path. Not ok(): a live shim listens there
// (SOCK-09).
struct SocketClaim {
  base::UniqueFd listener;
};

// Binds and listens on `path`, whose directory is made if need be (0700). A socket nobody listens
// on, a file or a dangling link at `path` is replaced (SOCK-10). Whoever lets us connect, or has
// its backlog full, counts as alive, whether or not it ever answers. Never waits for a peer.
absl::StatusOr<SocketClaim> ClaimSocket(const std::string& path);

// Removes the path unless somebody listens on it (SOCK-11, DEL-10). OK when there is none.
absl::Status RemoveDeadSocket(const std::string& path);

// A socket file as it was found, to recognise it later.
struct SocketFile {
  std::string path;
  dev_t device = 0;
  ino_t inode = 0;
};
// The file that listening socket `fd` is bound to. FAILED_PRECONDITION if `fd` is no listening unix
// socket with a path.
absl::StatusOr<SocketFile> FindSocketFile(int fd);
// Removes it unless another has taken its place.
absl::Status RemoveSocketFile(const SocketFile& file);

}  // namespace shim
