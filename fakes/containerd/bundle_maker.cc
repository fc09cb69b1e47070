// SPDX-License-Identifier: Apache-2.0
#include "fakes/containerd/bundle_maker.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/fifo.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace fakes {

absl::Status MakeDirectory(const std::string& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) != 0)
    return base::ErrnoStatus(errno, absl::StrCat("mkdir ", path));
  if (::chmod(path.c_str(), mode) != 0)
    return base::ErrnoStatus(errno, absl::StrCat("chmod ", path));
  return absl::OkStatus();
}

absl::Status WriteTextFile(const std::string& path, const std::string& text) {
  const base::UniqueFd fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path));
  absl::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return base::ErrnoStatus(errno, absl::StrCat("write ", path));
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status MakeBundle(const BundleRequest& request) {
  RETURN_IF_ERROR(MakeDirectory(request.path, 0700));
  RETURN_IF_ERROR(MakeDirectory(absl::StrCat(request.path, "/rootfs"), 0711));
  RETURN_IF_ERROR(MakeDirectory(request.work_directory, 0711));
  const std::string work = absl::StrCat(request.path, "/work");
  if (::symlink(request.work_directory.c_str(), work.c_str()) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("symlink ", work));
  }
  if (!request.config_json.empty()) {
    RETURN_IF_ERROR(WriteTextFile(absl::StrCat(request.path, "/config.json"), request.config_json));
  }
  if (request.log_fifo) {
    RETURN_IF_ERROR(base::MakeFifo(absl::StrCat(request.path, "/log"), 0700));
  }
  return absl::OkStatus();
}

}  // namespace fakes
