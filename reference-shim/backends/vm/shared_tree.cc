// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/shared_tree.h"

#include <absl/status/statusor.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>
#include <absl/strings/string_view.h>
#include <absl/strings/strip.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/mount_table.h"
#include "container/root_path.h"
#include "reference-shim/backends/vm/limits.h"

namespace backends {
namespace {

enum class Missing { kMake, kRefuse };

// An entry of a directory, whatever is there.
struct Place {
  base::UniqueFd parent;
  std::string name;
};

absl::StatusOr<base::UniqueFd> OpenRoot(const std::string& directory) {
  base::UniqueFd root(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", directory));
  return root;
}

// `flags`: O_DIRECTORY refuses all else, symbolic links too.
absl::StatusOr<base::UniqueFd> OpenIn(const base::UniqueFd& parent, const std::string& name,
                                      int flags) {
  base::UniqueFd fd(::openat(parent.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC | flags));
  if (!fd.ok()) return base::ErrnoStatus(errno, absl::StrCat("open ", name, " of what is shared"));
  return fd;
}

absl::StatusOr<base::UniqueFd> Enter(const base::UniqueFd& parent, const std::string& name,
                                     Missing missing) {
  if (missing == Missing::kMake && ::mkdirat(parent.get(), name.c_str(), 0711) != 0 &&
      errno != EEXIST) {
    return base::ErrnoStatus(errno, absl::StrCat("mkdir ", name, " in what is shared"));
  }
  return OpenIn(parent, name, O_DIRECTORY);
}

// `path` is relative to `root` and has no "..".
absl::StatusOr<Place> Walk(const base::UniqueFd& root, absl::string_view path, Missing missing) {
  std::vector<std::string> names = absl::StrSplit(path, '/');
  Place place;
  place.name = std::move(names.back());
  names.pop_back();
  ASSIGN_OR_RETURN(place.parent, OpenIn(root, ".", O_DIRECTORY));
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(place.parent, Enter(place.parent, name, missing));
  }
  return place;
}

// A directory for a directory, a file for a file.
absl::StatusOr<base::UniqueFd> MakeTarget(const Place& place, bool is_directory) {
  if (is_directory) return Enter(place.parent, place.name, Missing::kMake);
  if (::mknodat(place.parent.get(), place.name.c_str(), S_IFREG | 0600, 0) != 0 &&
      errno != EEXIST) {
    return base::ErrnoStatus(errno, absl::StrCat("create ", place.name, " in what is shared"));
  }
  ASSIGN_OR_RETURN(base::UniqueFd file, OpenIn(place.parent, place.name, 0));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(place.name, " of what is shared is no file"));
  }
  return file;
}

// A descriptor of what was mounted on is not one of the mount. What a guest has put in its place
// meanwhile is no mount, and refused.
absl::Status Isolate(const Place& place) {
  ASSIGN_OR_RETURN(const base::UniqueFd mounted, OpenIn(place.parent, place.name, 0));
  const std::string path = container::ProcPath(mounted);
  if (::mount(nullptr, path.c_str(), nullptr, MS_REC | MS_SLAVE, nullptr) != 0 ||
      ::mount(nullptr, path.c_str(), nullptr, MS_REC | MS_SHARED, nullptr) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("propagation of ", place.name));
  }
  return absl::OkStatus();
}

// Below `name`, relative to `directory`, innermost first.
absl::StatusOr<std::vector<std::string>> MountsBelow(const std::string& directory,
                                                     const std::string& name) {
  ASSIGN_OR_RETURN(const std::vector<container::MountEntry> table, container::ReadMountTable());
  std::vector<std::string> found;
  for (auto entry = table.rbegin(); entry != table.rend(); ++entry) {
    absl::string_view path = entry->mount_point;
    if (!absl::ConsumePrefix(&path, absl::StrCat(directory, "/"))) continue;
    if (path == name || absl::StartsWith(path, absl::StrCat(name, "/"))) found.emplace_back(path);
  }
  return found;
}

// By its parent, since a descriptor of the mount itself would keep it busy.
absl::Status Unmount(const base::UniqueFd& root, const std::string& path) {
  const absl::StatusOr<Place> place = Walk(root, path, Missing::kRefuse);
  if (absl::IsNotFound(place.status())) return absl::OkStatus();
  RETURN_IF_ERROR(place.status());
  const std::string name = absl::StrCat(container::ProcPath(place->parent), "/", place->name);
  if (::umount2(name.c_str(), UMOUNT_NOFOLLOW) == 0) return absl::OkStatus();
  if (errno == EBUSY && ::umount2(name.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0) {
    return absl::OkStatus();
  }
  // Gone meanwhile, for instance with its peer in another namespace.
  if (errno == EINVAL || errno == ENOENT) return absl::OkStatus();
  return base::ErrnoStatus(errno, absl::StrCat("unmount ", path, " of what is shared"));
}

}  // namespace

absl::Status BindBelow(const std::string& directory, const Share& share) {
  struct stat info {};
  if (::stat(share.source.c_str(), &info) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("share ", share.source));
  }
  ASSIGN_OR_RETURN(const base::UniqueFd root, OpenRoot(directory));
  ASSIGN_OR_RETURN(const Place place, Walk(root, share.target, Missing::kMake));
  ASSIGN_OR_RETURN(const base::UniqueFd target, MakeTarget(place, S_ISDIR(info.st_mode)));
  if (::mount(share.source.c_str(), container::ProcPath(target).c_str(), nullptr, MS_BIND | MS_REC,
              nullptr) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("share ", share.source));
  }
  return Isolate(place);
}

absl::Status UnmountBelow(const std::string& directory, const std::string& name) {
  const absl::StatusOr<base::UniqueFd> root = OpenRoot(directory);
  if (absl::IsNotFound(root.status())) return absl::OkStatus();
  RETURN_IF_ERROR(root.status());
  std::error_code error;
  const std::string path =
      std::filesystem::read_symlink(container::ProcPath(*root), error).string();
  if (error) return base::ErrnoStatus(error.value(), absl::StrCat("path of ", directory));
  for (int i = 0; i < kUnshareTries; ++i) {
    ASSIGN_OR_RETURN(const std::vector<std::string> mounts, MountsBelow(path, name));
    if (mounts.empty()) return absl::OkStatus();
    absl::Status status;
    for (const std::string& mount : mounts) status.Update(Unmount(*root, mount));
    RETURN_IF_ERROR(status);
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("mounts keep appearing below ", directory, "/", name));
}

}  // namespace backends
