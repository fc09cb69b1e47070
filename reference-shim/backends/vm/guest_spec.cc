// SPDX-License-Identifier: Apache-2.0
#include "reference-shim/backends/vm/guest_spec.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/status_macros.h"

namespace backends {
namespace {

bool IsBind(const oci::Mount& mount) {
  return mount.type == "bind" ||
         std::any_of(mount.options.begin(), mount.options.end(), [](const std::string& option) {
           return option == "bind" || option == "rbind";
         });
}

// A device, process or system file of the host is not the guest's, which has its own by that name.
bool IsSystemPath(const std::string& path) {
  for (const char* root : {"/dev", "/proc", "/sys"}) {
    if (path == root || absl::StartsWith(path, absl::StrCat(root, "/"))) return true;
  }
  return false;
}

// No two containers of a guest have the same: ids do not begin with a number and a colon.
std::string DiskPlace(const std::string& id, const GuestSpec& guest) {
  return absl::StrCat(kGuestDisks, "/", guest.disks.size(), ":", id);
}

absl::Status RewriteMount(oci::Mount& mount, const std::string& id, GuestSpec& guest) {
  ASSIGN_OR_RETURN(std::optional<GuestDisk> disk, TakeDisk(mount, DiskPlace(id, guest)));
  if (disk.has_value()) {
    guest.disks.push_back(*std::move(disk));
    return absl::OkStatus();
  }
  if (!IsBind(mount) || IsSystemPath(mount.source)) return absl::OkStatus();
  if (mount.destination == "/dev/shm") {
    mount.source = kGuestShm;
    return absl::OkStatus();
  }
  const std::string name = absl::StrCat("mount ", mount.destination, ": ", mount.source);
  struct stat info {};
  if (::stat(mount.source.c_str(), &info) != 0) {
    return absl::InvalidArgumentError(base::ErrnoStatus(errno, name).message());
  }
  if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode)) {
    return absl::UnimplementedError(
        absl::StrCat(name, ": a guest can be given directories and regular files"));
  }
  const std::string target = absl::StrCat(id, "/mounts/", guest.shares.size());
  guest.shares.push_back({.source = mount.source, .target = target});
  mount.source = absl::StrCat(kGuestSharedDirectory, "/", target);
  return absl::OkStatus();
}

void RewriteNamespaces(oci::Linux& linux_part) {
  auto& spaces = linux_part.namespaces;
  spaces.erase(std::remove_if(spaces.begin(), spaces.end(),
                              [](const oci::Namespace& space) {
                                return space.type == "network" || space.type == "pid" ||
                                       space.type == "time";
                              }),
               spaces.end());
  for (oci::Namespace& space : spaces) space.path.clear();
}

}  // namespace

absl::StatusOr<GuestSpec> MakeGuestSpec(const oci::Spec& spec, const std::string& id,
                                        const std::string& rootfs,
                                        const std::vector<container::Mount>& disk) {
  GuestSpec guest{.spec = spec, .shares = {}, .disks = {}};
  if (disk.empty()) {
    const std::string target = absl::StrCat(id, "/rootfs");
    guest.shares.push_back({.source = rootfs, .target = target});
    guest.spec.root.path = absl::StrCat(kGuestSharedDirectory, "/", target);
  } else {
    guest.disks.push_back(RootfsDisk(disk.front(), DiskPlace(id, guest)));
    guest.spec.root.path = guest.disks.front().storage.mount_point;
  }
  for (oci::Mount& mount : guest.spec.mounts) RETURN_IF_ERROR(RewriteMount(mount, id, guest));
  oci::Hooks in_guest;
  in_guest.start_container = std::move(guest.spec.hooks.start_container);
  guest.spec.hooks = std::move(in_guest);
  RewriteNamespaces(guest.spec.linux);
  return guest;
}

}  // namespace backends
