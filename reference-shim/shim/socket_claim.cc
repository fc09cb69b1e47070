// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/socket_claim.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/status_macros.h"
#include "containerd/shim_address.h"

namespace shim {
namespace {

std::string DirectoryOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

// Holds the lock until it is destroyed.
absl::StatusOr<base::UniqueFd> LockDirectory(const std::string& directory) {
  base::UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", directory));
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return base::ErrnoStatus(errno, absl::StrCat("lock ", directory));
  }
  return fd;
}

absl::StatusOr<sockaddr_un> AddressOf(const std::string& path) {
  RETURN_IF_ERROR(containerd::ValidateSocketPath(path));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

absl::StatusOr<base::UniqueFd> MakeSocket() {
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return base::ErrnoStatus(errno, "socket");
  return fd;
}

const sockaddr* Generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

absl::StatusOr<bool> SomebodyListens(const sockaddr_un& address) {
  ASSIGN_OR_RETURN(const base::UniqueFd probe, MakeSocket());
  if (::connect(probe.get(), Generic(address), sizeof(address)) == 0 || errno == EAGAIN) {
    return true;
  }
  if (errno == ECONNREFUSED || errno == ENOENT) return false;
  return base::ErrnoStatus(errno, absl::StrCat("connect to ", address.sun_path));
}

absl::Status Unlink(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat("remove ", path));
}

}  // namespace

absl::StatusOr<SocketClaim> ClaimSocket(const std::string& path) {
  ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  absl::StatusOr<base::UniqueFd> lock = LockDirectory(DirectoryOf(path));
  if (absl::IsNotFound(lock.status())) {
    RETURN_IF_ERROR(containerd::EnsureSocketDir(DirectoryOf(path)));
    lock = LockDirectory(DirectoryOf(path));
  }
  RETURN_IF_ERROR(lock.status());
  SocketClaim claim;
  ASSIGN_OR_RETURN(claim.listener, MakeSocket());
  // The mode of the descriptor becomes that of the file: there is no moment at which it is wider,
  // and the umask stays what it is.
  if (::fchmod(claim.listener.get(), 0600) != 0) return base::ErrnoStatus(errno, "fchmod");
  for (const bool last : {false, true}) {
    if (::bind(claim.listener.get(), Generic(address), sizeof(address)) == 0) break;
    if (errno != EADDRINUSE || last) return base::ErrnoStatus(errno, absl::StrCat("bind ", path));
    ASSIGN_OR_RETURN(const bool alive, SomebodyListens(address));
    if (alive) return SocketClaim();
    RETURN_IF_ERROR(Unlink(path));
  }
  if (::listen(claim.listener.get(), SOMAXCONN) != 0) {
    const absl::Status status = base::ErrnoStatus(errno, absl::StrCat("listen on ", path));
    ::unlink(path.c_str());
    return status;
  }
  return claim;
}

absl::Status RemoveDeadSocket(const std::string& path) {
  ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  absl::StatusOr<base::UniqueFd> lock = LockDirectory(DirectoryOf(path));
  if (absl::IsNotFound(lock.status())) return absl::OkStatus();
  RETURN_IF_ERROR(lock.status());
  ASSIGN_OR_RETURN(const bool alive, SomebodyListens(address));
  return alive ? absl::OkStatus() : Unlink(path);
}

absl::StatusOr<SocketFile> FindSocketFile(int fd) {
  int listening = 0;
  socklen_t size = sizeof(listening);
  sockaddr_un address{};
  socklen_t address_size = sizeof(address);
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &address_size) != 0 ||
      address.sun_family != AF_UNIX || address_size <= offsetof(sockaddr_un, sun_path)) {
    return absl::FailedPreconditionError(
        absl::StrCat("descriptor ", fd, " is no listening unix socket"));
  }
  SocketFile file;
  file.path.assign(address.sun_path, ::strnlen(address.sun_path, sizeof(address.sun_path)));
  struct stat info {};
  if (::stat(file.path.c_str(), &info) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("stat ", file.path));
  }
  file.device = info.st_dev;
  file.inode = info.st_ino;
  return file;
}

absl::Status RemoveSocketFile(const SocketFile& file) {
  absl::StatusOr<base::UniqueFd> lock = LockDirectory(DirectoryOf(file.path));
  if (absl::IsNotFound(lock.status())) return absl::OkStatus();
  RETURN_IF_ERROR(lock.status());
  struct stat info {};
  if (::stat(file.path.c_str(), &info) != 0 || info.st_dev != file.device ||
      info.st_ino != file.inode) {
    return absl::OkStatus();
  }
  return Unlink(file.path);
}

}  // namespace shim
