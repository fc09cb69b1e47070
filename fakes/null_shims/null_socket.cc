// SPDX-License-Identifier: Apache-2.0
#include "fakes/null_shims/null_socket.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/status_macros.h"
#include "containerd/shim_address.h"
#include "ttrpc/client.h"

namespace fakes {

absl::StatusOr<base::UniqueFd> ClaimNullSocket(const std::string& path) {
  RETURN_IF_ERROR(containerd::ValidateSocketPath(path));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const std::string directory = path.substr(0, path.rfind('/'));
  RETURN_IF_ERROR(containerd::EnsureSocketDir(directory));
  const base::UniqueFd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.ok() || ::flock(lock.get(), LOCK_EX) != 0) return base::ErrnoStatus(errno, directory);
  if (ttrpc::ConnectUnix(path).ok()) return base::UniqueFd();
  ::unlink(path.c_str());
  base::UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener.ok() || ::fchmod(listener.get(), 0600) != 0 ||
      ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), SOMAXCONN) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("listen on ", path));
  }
  return listener;
}

}  // namespace fakes
