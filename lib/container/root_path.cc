// SPDX-License-Identifier: Apache-2.0
#include "container/root_path.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace container {
namespace {

// With exactly the mode, whatever the umask: it belongs to the whole process, hence corrected.
absl::Status Make(const base::UniqueFd& parent, const std::string& name, const std::string& path,
                  RootEntry what) {
  const bool file = what == RootEntry::kFile;
  const mode_t mode = file ? 0644 : 0755;
  const int made = file ? ::mknodat(parent.get(), name.c_str(), S_IFREG | mode, 0)
                        : ::mkdirat(parent.get(), name.c_str(), mode);
  // EEXIST here: a symbolic link to nowhere.
  if (made != 0) return base::ErrnoStatus(errno, absl::StrCat("make ", path, " in the rootfs"));
  // No link that somebody has put in its place meanwhile is followed.
  if (::fchmodat(parent.get(), name.c_str(), mode, AT_SYMLINK_NOFOLLOW) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("chmod ", path, " in the rootfs"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<base::UniqueFd> OpenBelow(const base::UniqueFd& root, absl::string_view path) {
  struct open_how how {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  const std::string name = path.empty() ? "." : std::string(path);
  base::UniqueFd fd(
      static_cast<int>(::syscall(SYS_openat2, root.get(), name.c_str(), &how, sizeof(how))));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", path, " in the rootfs"));
  return fd;
}

absl::StatusOr<base::UniqueFd> MakeBelow(const base::UniqueFd& root, absl::string_view path,
                                         RootEntry last) {
  absl::StatusOr<base::UniqueFd> found = OpenBelow(root, path);
  if (!absl::IsNotFound(found.status())) return found;
  const std::vector<std::string> names = absl::StrSplit(path, '/', absl::SkipEmpty());
  std::string so_far;
  ASSIGN_OR_RETURN(base::UniqueFd parent, OpenBelow(root, "."));
  for (std::size_t i = 0; i < names.size(); ++i) {
    absl::StrAppend(&so_far, "/", names[i]);
    absl::StatusOr<base::UniqueFd> next = OpenBelow(root, so_far);
    if (absl::IsNotFound(next.status())) {
      const RootEntry what = i + 1 == names.size() ? last : RootEntry::kDirectory;
      RETURN_IF_ERROR(Make(parent, names[i], so_far, what));
      next = OpenBelow(root, so_far);
    }
    RETURN_IF_ERROR(next.status());
    parent = *std::move(next);
  }
  return parent;
}

std::string ProcPath(const base::UniqueFd& fd) { return absl::StrCat("/proc/self/fd/", fd.get()); }

}  // namespace container
