// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <string>
#include <vector>

namespace container {

// A mount as containerd describes it in Create.rootfs.
struct Mount {
  std::string type;    // "overlay", "bind"
  std::string source;  // device, directory or a name
  std::string target;  // below the root, "" for the root itself (CREATE-02)
  std::vector<std::string> options;
  friend bool operator==(const Mount&, const Mount&) = default;
};

// Performs `mounts` in order on and below the existing directory `root` (CREATE-01). A target is
// looked up as if `root` were "/": neither "..", nor an absolute or symbolic link leaves it. Lower
// directories of an overlay beyond what mount(2) takes are named relative to the directory they
// have in common; the working directory changes for the moment of that one call.
// On failure what was mounted here is unmounted again and the message names the mount (CREATE-13).
absl::Status MountAll(const std::vector<Mount>& mounts, const std::string& root);

// Unmounts everything mounted on or below `directory` in this mount namespace, innermost first; a
// busy one is detached (MNT_DETACH), so that it goes with its last user. OK when nothing is mounted
// or there is no such directory; otherwise the first failure, after trying the others.
absl::Status UnmountAll(const std::string& directory);

}  // namespace container
