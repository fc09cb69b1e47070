// SPDX-License-Identifier: Apache-2.0
#include "base/kernel_file.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/limits.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace base {

absl::StatusOr<std::string> ReadKernelFile(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) return ErrnoStatus(errno, absl::StrCat("open ", path));
  std::string text;
  std::size_t chunk = 4096;
  for (;;) {
    const std::size_t filled = text.size();
    text.resize(filled + chunk);
    const ssize_t got = ::read(file.get(), text.data() + filled, chunk);
    const int read_error = errno;
    text.resize(filled + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got == 0) return text;
    if (got < 0) {
      if (read_error == EINTR) continue;
      // The kernel's answer for a cgroup removed under an open file; a process reaped under one
      // gives ESRCH, which is NOT_FOUND already.
      return ErrnoStatus(read_error == ENODEV ? ENOENT : read_error, absl::StrCat("read ", path));
    }
    if (text.size() > kKernelFileBytesMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("read ", path, ": longer than ", kKernelFileBytesMax, " bytes"));
    }
    if (static_cast<std::size_t>(got) == chunk) chunk *= 2;
  }
}

absl::Status WriteKernelFile(const std::string& path, absl::string_view text) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.ok()) return ErrnoStatus(errno, absl::StrCat("open ", path));
  while (::write(file.get(), text.data(), text.size()) < 0) {
    if (errno == EINTR) continue;
    return ErrnoStatus(errno == ENODEV ? ENOENT : errno,
                       absl::StrCat("write ", text, " to ", path));
  }
  return absl::OkStatus();
}

}  // namespace base
