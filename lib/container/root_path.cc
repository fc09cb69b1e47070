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
      const bool file = last == RootEntry::kFile && i + 1 == names.size();
      const int made = file ? ::mknodat(parent.get(), names[i].c_str(), S_IFREG | 0644, 0)
                            : ::mkdirat(parent.get(), names[i].c_str(), 0755);
      // EEXIST here: a symbolic link to nowhere.
      if (made != 0)
        return base::ErrnoStatus(errno, absl::StrCat("make ", so_far, " in the rootfs"));
      next = OpenBelow(root, so_far);
    }
    RETURN_IF_ERROR(next.status());
    parent = *std::move(next);
  }
  return parent;
}

std::string ProcPath(const base::UniqueFd& fd) { return absl::StrCat("/proc/self/fd/", fd.get()); }

}  // namespace container
