// SPDX-License-Identifier: Apache-2.0
#include "base/fifo.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/status_macros.h"

namespace base {
namespace {

// Everything is opened non-blocking first, since a blocking open waits for the other end.
absl::StatusOr<UniqueFd> OpenNonblocking(const std::string& path, int access) {
  UniqueFd fd(::open(path.c_str(), access | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!fd.ok()) return ErrnoStatus(errno, absl::StrCat("open ", path));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, absl::StrCat("fstat ", path));
  if (!S_ISFIFO(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": not a FIFO"));
  }
  return fd;
}

absl::Status SetBlocking(const UniqueFd& fd, const std::string& path) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) {
    return ErrnoStatus(errno, absl::StrCat("fcntl ", path));
  }
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> Open(const std::string& path, int access, bool nonblocking) {
  ASSIGN_OR_RETURN(UniqueFd fd, OpenNonblocking(path, access));
  if (!nonblocking) RETURN_IF_ERROR(SetBlocking(fd, path));
  return fd;
}

}  // namespace

absl::Status MakeFifo(const std::string& path, unsigned mode) {
  if (::mkfifo(path.c_str(), mode) != 0) {
    return ErrnoStatus(errno, absl::StrCat("mkfifo ", path));
  }
  // The umask belongs to the whole process: correct afterwards instead of changing it.
  if (::chmod(path.c_str(), mode) != 0) {
    const absl::Status status = ErrnoStatus(errno, absl::StrCat("chmod ", path));
    ::unlink(path.c_str());
    return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> OpenFifoReader(const std::string& path, bool nonblocking) {
  return Open(path, O_RDONLY, nonblocking);
}

absl::StatusOr<UniqueFd> OpenFifoWriter(const std::string& path, bool nonblocking) {
  // A write end alone fails with ENXIO while nobody reads; for the moment we are that reader.
  ASSIGN_OR_RETURN(const UniqueFd reader, OpenNonblocking(path, O_RDWR));
  return Open(path, O_WRONLY, nonblocking);
}

absl::StatusOr<UniqueFd> OpenFifoBothEnds(const std::string& path, bool nonblocking) {
  return Open(path, O_RDWR, nonblocking);
}

}  // namespace base
