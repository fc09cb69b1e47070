// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/oci/bundle_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/unique_fd.h"

namespace backends {

std::string ReadTail(const std::string& path, std::size_t offset, std::size_t bytes_max) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (!file.ok() || ::fstat(file.get(), &info) != 0) return "";
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size <= offset) return "";
  std::string text(std::min(size - offset, bytes_max), '\0');
  const ssize_t got =
      ::pread(file.get(), text.data(), text.size(), static_cast<off_t>(size - text.size()));
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

std::size_t FileSize(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::size_t>(info.st_size) : 0;
}

}  // namespace backends
