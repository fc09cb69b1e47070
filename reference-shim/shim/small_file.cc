// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/shim/small_file.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "reference-shim/shim/limits.h"

namespace shim {

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  std::string contents(kSmallFileBytesMax, '\0');
  const ssize_t got = ::read(fd.get(), contents.data(), contents.size());
  if (got < 0) return base::ErrnoStatus(errno, absl::StrCat("read ", path));
  contents.resize(static_cast<std::size_t>(got));
  return contents;
}

absl::Status WriteFileAtomically(const std::string& path, absl::string_view contents,
                                 unsigned mode) {
  const std::size_t slash = path.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  const std::string temporary =
      absl::StrCat(path.substr(0, name), ".", path.substr(name), ".", ::getpid());
  base::UniqueFd fd(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("create ", temporary));
  absl::Status status;
  while (status.ok() && !contents.empty()) {
    const ssize_t written = ::write(fd.get(), contents.data(), contents.size());
    if (written >= 0) {
      contents.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      status = base::ErrnoStatus(errno, absl::StrCat("write ", temporary));
    }
  }
  fd.reset();
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = base::ErrnoStatus(errno, absl::StrCat("rename to ", path));
  }
  if (!status.ok()) ::unlink(temporary.c_str());
  return status;
}

}  // namespace shim
