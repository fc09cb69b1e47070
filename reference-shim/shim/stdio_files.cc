// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/stdio_files.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/fifo.h"
#include "base/status_macros.h"

namespace shim {
namespace {

absl::StatusOr<mode_t> TypeOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return info.st_mode & S_IFMT;
  const absl::Status status = base::ErrnoStatus(errno, absl::StrCat("stdio ", path));
  if (absl::IsNotFound(status)) return absl::InvalidArgumentError(status.message());
  return status;
}

// An existing file that is no FIFO: a regular file, a device (IO-21).
absl::StatusOr<StdioEnd> OpenPlainFile(const std::string& path, int flags, bool nonblocking) {
  // Non-blocking at first: what has become a FIFO or a terminal meanwhile must not stop us.
  StdioEnd end;
  end.used.reset(::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!end.used.ok()) return base::ErrnoStatus(errno, absl::StrCat("stdio ", path));
  if (!nonblocking) RETURN_IF_ERROR(SetNonblocking(end.used, false));
  return end;
}

absl::Status MakeParentDirectories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string directory = path.substr(0, slash);
    if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
      return base::ErrnoStatus(errno, absl::StrCat("mkdir ", directory));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StdioEnd> OpenInputPath(const std::string& path, bool nonblocking) {
  ASSIGN_OR_RETURN(const mode_t type, TypeOf(path));
  if (type != S_IFIFO) return OpenPlainFile(path, O_RDONLY, nonblocking);
  StdioEnd end;
  ASSIGN_OR_RETURN(end.used, base::OpenFifoReader(path, nonblocking));
  ASSIGN_OR_RETURN(end.kept, base::OpenFifoWriter(path, /*nonblocking=*/true));
  return end;
}

absl::StatusOr<StdioEnd> OpenOutputPath(const std::string& path, bool nonblocking) {
  ASSIGN_OR_RETURN(const mode_t type, TypeOf(path));
  if (type != S_IFIFO) return OpenPlainFile(path, O_WRONLY | O_APPEND, nonblocking);
  StdioEnd end;
  ASSIGN_OR_RETURN(end.kept, base::OpenFifoReader(path, /*nonblocking=*/true));
  ASSIGN_OR_RETURN(end.used, base::OpenFifoWriter(path, nonblocking));
  return end;
}

absl::StatusOr<StdioEnd> OpenLogFile(const std::string& path) {
  RETURN_IF_ERROR(MakeParentDirectories(path));
  StdioEnd end;
  end.used.reset(::open(path.c_str(),
                        O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0644));
  if (!end.used.ok()) return base::ErrnoStatus(errno, absl::StrCat("stdio ", path));
  RETURN_IF_ERROR(SetNonblocking(end.used, false));
  return end;
}

absl::StatusOr<StdioEnd> OpenOutputPipe(bool nonblocking) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::ErrnoStatus(errno, "pipe2");
  StdioEnd end{.used = base::UniqueFd(ends[1]), .kept = base::UniqueFd(ends[0])};
  if (nonblocking) RETURN_IF_ERROR(SetNonblocking(end.used, true));
  return end;
}

absl::StatusOr<StdioEnd> OpenNull() {
  StdioEnd end;
  end.used.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!end.used.ok()) return base::ErrnoStatus(errno, "open /dev/null");
  return end;
}

absl::StatusOr<base::UniqueFd> Duplicate(const base::UniqueFd& fd) {
  base::UniqueFd copy(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.ok()) return base::ErrnoStatus(errno, "duplicate a descriptor");
  return copy;
}

absl::Status SetNonblocking(const base::UniqueFd& fd, bool nonblocking) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  const int wanted = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, wanted) != 0) {
    return base::ErrnoStatus(errno, "fcntl");
  }
  return absl::OkStatus();
}

}  // namespace shim
