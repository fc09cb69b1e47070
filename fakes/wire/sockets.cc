// SPDX-License-Identifier: Apache-2.0
#include "fakes/wire/sockets.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/status_macros.h"
#include "fakes/wire/limits.h"

namespace fakes {
namespace {

std::string DirectoryOf(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }
std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

absl::StatusOr<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("socket path too long: ", path));
  }
  path.copy(address.sun_path, path.size());
  return address;
}

const sockaddr* Generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

absl::StatusOr<base::UniqueFd> NewSocket() {
  base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return base::ErrnoStatus(errno, "socket");
  return fd;
}

// For the time of one connect(2): what the listener learns of us is taken then.
class Disguise {
 public:
  explicit Disguise(int as) {
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (as < 0 || ::getsockopt(as, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
    if (peer.uid == ::geteuid() && peer.gid == ::getegid()) return;
    // Whoever may not is what it is.
    worn_ = ::setegid(peer.gid) == 0 && ::seteuid(peer.uid) == 0;
    ::setfsuid(::getuid());  // the file was theirs to open; ours it is anyway
  }
  ~Disguise() {
    if (!worn_) return;
    (void)!::seteuid(::getuid());
    (void)!::setegid(::getgid());
  }
  Disguise(const Disguise&) = delete;
  Disguise& operator=(const Disguise&) = delete;

 private:
  bool worn_ = false;
};

}  // namespace

absl::StatusOr<base::UniqueFd> OpenSocketFile(const std::string& path) {
  base::UniqueFd fd(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return base::ErrnoStatus(errno, absl::StrCat("stat ", path));
  if (S_ISSOCK(info.st_mode)) return fd;
  return absl::FailedPreconditionError(absl::StrCat(path, " is no socket"));
}

absl::StatusOr<base::UniqueFd> ConnectToFile(const base::UniqueFd& file, int as) {
  ASSIGN_OR_RETURN(const sockaddr_un address,
                   AddressOf(absl::StrCat("/proc/self/fd/", file.get())));
  ASSIGN_OR_RETURN(base::UniqueFd fd, NewSocket());
  const Disguise disguise(as);
  if (::connect(fd.get(), Generic(address), sizeof(address)) != 0) {
    return base::ErrnoStatus(errno, "connect to the shim");
  }
  return fd;
}

absl::StatusOr<base::UniqueFd> ConnectToPath(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  return ConnectToFile(file, -1);
}

absl::StatusOr<base::UniqueFd> ListenInstead(const std::string& path, const base::UniqueFd* like) {
  const base::UniqueFd directory(
      ::open(DirectoryOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", DirectoryOf(path)));
  struct stat info {};
  info.st_mode = 0600;
  if (like != nullptr && ::fstat(like->get(), &info) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("stat ", path));
  }
  ASSIGN_OR_RETURN(base::UniqueFd fd, NewSocket());
  const mode_t mode = info.st_mode & 07777;
  if (::fchmod(fd.get(), mode) != 0) return base::ErrnoStatus(errno, "fchmod");
  const std::string name = absl::StrCat(".", ::getpid());
  ASSIGN_OR_RETURN(const sockaddr_un address,
                   AddressOf(absl::StrCat("/proc/self/fd/", directory.get(), "/", name)));
  if (::bind(fd.get(), Generic(address), sizeof(address)) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("bind beside ", path));
  }
  if (::fchmodat(directory.get(), name.c_str(), mode, 0) != 0 ||
      ::listen(fd.get(), kRelayBacklog) != 0 ||
      ::renameat(directory.get(), name.c_str(), directory.get(), NameOf(path).c_str()) != 0) {
    const absl::Status status = base::ErrnoStatus(errno, absl::StrCat("listen on ", path));
    ::unlinkat(directory.get(), name.c_str(), 0);
    return status;
  }
  return fd;
}

ino_t InodeOf(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

void RemoveIfSame(const std::string& path, ino_t inode) {
  // The lock under which shims claim and remove their sockets, where they know one.
  const base::UniqueFd directory(
      ::open(DirectoryOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok()) return;
  while (::flock(directory.get(), LOCK_EX) != 0 && errno == EINTR) {
  }
  if (inode != 0 && InodeOf(path) == inode) ::unlink(path.c_str());
}

pid_t ListenerOf(const std::string& path) {
  const absl::StatusOr<base::UniqueFd> fd = ConnectToPath(path);
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (!fd.ok() || ::getsockopt(fd->get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return 0;
  return peer.pid;
}

}  // namespace fakes
