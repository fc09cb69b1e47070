// SPDX-License-Identifier: Apache-2.0
#include <absl/strings/str_cat.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/status_macros.h"
#include "ttrpc/client.h"

namespace ttrpc {

absl::StatusOr<base::UniqueFd> ConnectUnix(absl::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // An abstract name is not terminated; the kernel takes its length from the address length.
  const bool abstract = !path.empty() && path[0] == '@';
  const std::size_t room = sizeof(address.sun_path) - (abstract ? 0 : 1);
  if (path.empty() || path.size() > room) {
    return absl::InvalidArgumentError(
        absl::StrCat("socket path \"", path, "\" has ", path.size(), " bytes, not 1 to ", room));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (abstract) address.sun_path[0] = '\0';
  const std::size_t size = offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1);

  base::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.ok()) return base::ErrnoStatus(errno, "socket");
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                static_cast<socklen_t>(size)) == 0) {
    return socket;
  }
  const int error_number = errno;
  const std::string what = absl::StrCat("connect ", path);
  // Non-blocking, so a full backlog shows as EAGAIN instead of a wait.
  if (error_number == EAGAIN) return absl::UnavailableError(absl::StrCat(what, ": backlog full"));
  return base::ErrnoStatus(error_number, what);
}

}  // namespace ttrpc
