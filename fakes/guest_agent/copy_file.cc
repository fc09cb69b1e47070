// SPDX-License-Identifier: Apache-2.0
#include "fakes/guest_agent/copy_file.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "container/root_path.h"
#include "fakes/guest_agent/limits.h"

namespace fakes {
namespace {

constexpr char kPartSuffix[] = ".part";

struct Place {
  base::UniqueFd directory;
  std::string name;
};

absl::StatusOr<Place> Find(const GuestPaths& paths, const std::string& path) {
  ASSIGN_OR_RETURN(const std::string below, paths.BelowRun(path));
  const base::UniqueFd root(::open(paths.run().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.ok()) return base::ErrnoStatus(errno, paths.run());
  const std::size_t slash = below.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : below.substr(0, slash);
  const std::string name = slash == std::string::npos ? below : below.substr(slash + 1);
  if (name.empty() || name == ".") {
    return absl::InvalidArgumentError(absl::StrCat("path \"", path, "\": names no file"));
  }
  ASSIGN_OR_RETURN(base::UniqueFd directory,
                   container::MakeBelow(root, parent, container::RootEntry::kDirectory));
  return Place{std::move(directory), name};
}

absl::Status Own(const Place& place, const std::string& name,
                 const grpc::CopyFileRequest& request) {
  if (request.uid() < 0 || request.gid() < 0) {
    return absl::InvalidArgumentError("uid and gid: expected no negative ones");
  }
  if (::fchownat(place.directory.get(), name.c_str(), static_cast<uid_t>(request.uid()),
                 static_cast<gid_t>(request.gid()), AT_SYMLINK_NOFOLLOW) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("chown ", request.path()));
  }
  return absl::OkStatus();
}

absl::Status MakeLink(const Place& place, const grpc::CopyFileRequest& request) {
  (void)::unlinkat(place.directory.get(), place.name.c_str(), 0);
  if (::symlinkat(request.data().c_str(), place.directory.get(), place.name.c_str()) != 0) {
    return base::ErrnoStatus(errno, absl::StrCat("link ", request.path()));
  }
  return Own(place, place.name, request);
}

absl::Status MakeDirectory(const Place& place, const grpc::CopyFileRequest& request) {
  const mode_t mode = request.file_mode() & 07777;
  if (::mkdirat(place.directory.get(), place.name.c_str(), mode) != 0 && errno != EEXIST) {
    return base::ErrnoStatus(errno, absl::StrCat("mkdir ", request.path()));
  }
  return Own(place, place.name, request);
}

absl::Status WriteAt(const base::UniqueFd& file, const std::string& data, std::int64_t offset) {
  for (std::size_t done = 0; done < data.size();) {
    const ssize_t written = ::pwrite(file.get(), data.data() + done, data.size() - done,
                                     static_cast<off_t>(offset) + static_cast<off_t>(done));
    if (written < 0 && errno != EINTR) return base::ErrnoStatus(errno, "write");
    if (written > 0) done += static_cast<std::size_t>(written);
  }
  return absl::OkStatus();
}

absl::Status WritePiece(const Place& place, const grpc::CopyFileRequest& request) {
  const auto size = static_cast<std::int64_t>(request.data().size());
  if (request.file_size() < 0 || request.file_size() > kGuestFileBytesMax || request.offset() < 0 ||
      request.offset() > request.file_size() - size) {
    return absl::InvalidArgumentError(absl::StrCat(
        request.path(), ": ", size, " bytes at ", request.offset(), " of ", request.file_size(),
        ": expected a piece of a file of at most ", kGuestFileBytesMax, " bytes"));
  }
  const std::string part = absl::StrCat(".", place.name, kPartSuffix);
  const base::UniqueFd file(::openat(place.directory.get(), part.c_str(),
                                     O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.ok()) return base::ErrnoStatus(errno, request.path());
  RETURN_IF_ERROR(base::Annotate(WriteAt(file, request.data(), request.offset()), request.path()));
  if (request.offset() + size < request.file_size()) return absl::OkStatus();
  RETURN_IF_ERROR(Own(place, part, request));
  if (::fchmod(file.get(), request.file_mode() & 07777) != 0 ||
      ::ftruncate(file.get(), static_cast<off_t>(request.file_size())) != 0 ||
      ::renameat(place.directory.get(), part.c_str(), place.directory.get(), place.name.c_str()) !=
          0) {
    return base::ErrnoStatus(errno, request.path());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CopyFile(const GuestPaths& paths, const grpc::CopyFileRequest& request) {
  const mode_t type = request.file_mode() & S_IFMT;
  if (type != 0 && type != S_IFREG && type != S_IFDIR && type != S_IFLNK) {
    return absl::InvalidArgumentError(
        absl::StrCat(request.path(), ": expected a file, a directory or a symbolic link"));
  }
  ASSIGN_OR_RETURN(const Place place, Find(paths, request.path()));
  if (type == S_IFLNK) return MakeLink(place, request);
  if (type == S_IFDIR) return MakeDirectory(place, request);
  return WritePiece(place, request);
}

}  // namespace fakes
