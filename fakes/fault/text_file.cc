// SPDX-License-Identifier: Apache-2.0
#include "fakes/fault/text_file.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "fakes/fault/limits.h"

namespace fakes {

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.ok()) {
    return base::ErrnoStatus(errno == ENOTDIR ? ENOENT : errno, absl::StrCat("open ", path));
  }
  std::string text;
  char chunk[4096];
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk, sizeof(chunk));
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::ErrnoStatus(errno, absl::StrCat("read ", path));
    text.append(chunk, static_cast<std::size_t>(got));
    if (text.size() > kFaultFileBytesMax) {
      return absl::ResourceExhaustedError(absl::StrCat("read ", path, ": too long"));
    }
  }
}

absl::Status ReplaceTextFile(const std::string& path, absl::string_view text) {
  const std::string fresh = absl::StrCat(path, ".new");
  base::UniqueFd file(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!file.ok()) return base::ErrnoStatus(errno, absl::StrCat("create ", fresh));
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::ErrnoStatus(errno, absl::StrCat("write ", fresh));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("rename ", fresh));
  }
  return absl::OkStatus();
}

}  // namespace fakes
