// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>

#include "container/cgroup.h"
#include "oci/spec.h"

namespace container {

// The root file system of a container, made by its first process in its own mount namespace, in
// three steps; createContainer hooks run between the first and the second. Borrows the spec.
class Rootfs {
 public:
  // `bundle` is absolute. `cgroup`: what a mount of type cgroup shall show.
  Rootfs(const oci::Spec& spec, const std::string& bundle, Cgroup cgroup);

  // The absolute path of the root outside.
  [[nodiscard]] const std::string& path() const { return path_; }

  // Keeps mounts to ourselves, makes the root a mount, mounts spec.mounts on and below it, making
  // targets that are missing, and makes devices where /dev is a file system of its own. What the
  // kernel denies in a user namespace is replaced as far as it can be: devices by bind mounts.
  absl::Status Prepare() const;

  // After Prepare: device files on the root's mounts have no effect (nodev), but those in a /dev
  // that we made and in pseudo terminals' file systems. Takes the place of a cgroup's device rules
  // for whoever runs nothing that could make a device. Needs a mount namespace of its own.
  absl::Status DisableOtherDevices() const;

  // Makes it "/": by pivot_root, or, with `no_pivot` or without a mount namespace, by moving the
  // mount and chroot. Afterwards the working directory is "/".
  absl::Status Enter(bool no_pivot) const;

  // Inside: propagation, masked and read-only paths, and a read-only root.
  absl::Status Finish() const;

 private:
  [[nodiscard]] absl::Status MountOne(const oci::Mount& mount) const;
  [[nodiscard]] absl::Status MountCgroups(const oci::Mount& mount) const;

  const oci::Spec& spec_;
  std::string bundle_;
  std::string path_;
  Cgroup cgroup_;
  bool own_mounts_;  // in a fresh mount namespace
};

}  // namespace container
