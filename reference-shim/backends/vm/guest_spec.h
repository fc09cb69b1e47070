// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "container/mounts.h"
#include "oci/spec.h"
#include "reference-shim/backends/vm/guest_disk.h"

namespace backends {

// Something of the host that a guest is to see: `target` below the directory it shares with it.
struct Share {
  std::string source;  // absolute; a directory or a file
  std::string target;  // relative: "<container>/rootfs"
  friend bool operator==(const Share&, const Share&) = default;
};

// A container as its guest is to make it, and what the host has to share before.
struct GuestSpec {
  oci::Spec spec;
  std::vector<Share> shares;     // the rootfs first, unless that is a disk
  std::vector<GuestDisk> disks;  // to be plugged before
};

// Rewrites `spec` of the container `id` for a guest: root and bind mounts are named as the guest
// sees what is shared; hooks stay but those of startContainer at home; of the namespaces, those of
// network, pid and time are the guest's own affair, and none is joined by a path of the host.
// `rootfs`: absolute; not looked at where the root is a disk, whose mount `disk` then is (else
// empty). UNIMPLEMENTED or INVALID_ARGUMENT names what a guest cannot be given.
absl::StatusOr<GuestSpec> MakeGuestSpec(const oci::Spec& spec, const std::string& id,
                                        const std::string& rootfs,
                                        const std::vector<container::Mount>& disk = {});

// Tells the guest's hooks of the bundle, as kata's runtimes do.
inline constexpr char kBundleAnnotation[] = "io.katacontainers.pkg.oci.bundle_path";
// Where the guest finds the shared directory; agents are built with it.
inline constexpr char kGuestSharedDirectory[] = "/run/kata-containers/shared/containers";
// Where it mounts the disks of containers.
inline constexpr char kGuestDisks[] = "/run/kata-containers/sandbox/storage";
// The guest's /dev/shm of all containers of a pod, made by CreateSandbox.
inline constexpr char kGuestShm[] = "/run/kata-containers/sandbox/shm";

}  // namespace backends
