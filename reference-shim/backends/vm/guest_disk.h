// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "container/mounts.h"
#include "oci/spec.h"

namespace backends {

// Something that an agent mounts before it makes a container, in the protocol's terms.
struct GuestStorage {
  std::string driver;
  std::string source;
  std::string fstype;
  oci::Strings options;
  std::string mount_point;
  std::optional<std::uint32_t> group;  // that its root shall belong to
  friend bool operator==(const GuestStorage&, const GuestStorage&) = default;
};

// A disk of the host that is plugged into a VM, and how the guest mounts the file system on it.
struct GuestDisk {
  std::string path;  // a block device, or an image
  bool readonly = false;
  GuestStorage storage;  // its source is known once the disk has its place
  friend bool operator==(const GuestDisk&, const GuestDisk&) = default;
};

// Whether the mounts of Create.rootfs are one disk: a block device, or an image with the option
// "loop".
bool IsDiskRootfs(const std::vector<container::Mount>& rootfs);
// The disk that such a mount is, for a guest to mount on `mount_point`.
GuestDisk RootfsDisk(const container::Mount& rootfs, const std::string& mount_point);

// The disk behind a container's mount, if there is one: a block device, mounted with its type or
// bound (then it holds ext4, as kata's runtimes have it), or a directory that
// `kata-runtime direct-volume add` has registered one for. `mount` becomes the bind of
// `mount_point` that a guest is to make. INVALID_ARGUMENT or UNIMPLEMENTED names the mount.
absl::StatusOr<std::optional<GuestDisk>> TakeDisk(oci::Mount& mount,
                                                  const std::string& mount_point);

// "05", as agents are told the place of a device, from "0000:00:05.0", as hypervisors tell it.
// INTERNAL for what is no such place.
absl::StatusOr<std::string> PciPath(const std::string& bdf);

// Where volumes are registered: mountInfo.json in the directory that the volume's own path, in
// base64 for URLs, names.
inline constexpr char kDirectVolumes[] = "/run/kata-containers/shared/direct-volumes";

}  // namespace backends
