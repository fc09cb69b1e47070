// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/stage/compile_files.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/status_macros.h"

namespace stage {
namespace {

constexpr std::size_t kReadBytesMin = 64U * 1024;
constexpr mode_t kOutputMode = 0644;

// What is left of a regular file; a guess for anything else.
std::size_t Expected(int fd) {
  struct stat info = {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size < 0) return kReadBytesMin;
  return static_cast<std::size_t>(info.st_size) + 1;  // one more, to see the end
}

}  // namespace

absl::StatusOr<std::string> ReadInput(int fd, std::uint64_t bytes_max) {
  std::string input;
  std::size_t size = 0;
  input.resize(std::min<std::uint64_t>(Expected(fd), bytes_max + 1));
  while (true) {
    if (size == input.size()) input.resize(std::min<std::uint64_t>(2 * size, bytes_max + 1));
    const ssize_t got = ::read(fd, input.data() + size, input.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::ErrnoStatus(errno, "reading the module");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size > bytes_max) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the module is larger than ", bytes_max, " bytes"));
    }
  }
  input.resize(size);
  return input;
}

absl::StatusOr<AtomicFile> AtomicFile::Create(const std::string& path) {
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  base::UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("creating ", temporary));
  return AtomicFile(path, std::move(temporary), std::move(fd));
}

AtomicFile::~AtomicFile() {
  if (fd_.ok()) ::unlink(temporary_.c_str());
}

absl::Status AtomicFile::Keep() {
  if (::fchmod(fd_.get(), kOutputMode) != 0 || ::fsync(fd_.get()) != 0) {
    return base::ErrnoStatus(errno, temporary_);
  }
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("renaming to ", path_));
  }
  fd_.reset();
  return absl::OkStatus();
}

}  // namespace stage
