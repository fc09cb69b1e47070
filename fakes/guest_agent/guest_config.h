// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace fakes {

// Where the protocol places everything that a runtime brings into a guest.
inline constexpr char kGuestRun[] = "/run/kata-containers";
// Below it: the directory that host and guest share.
inline constexpr char kGuestShared[] = "/run/kata-containers/shared/containers";

// What a guest is made of.
struct GuestConfig {
  // Where kGuestRun lies: itself in a VM, a directory of its own in a process that plays one. It
  // must exist; the process must be in a mount namespace whose mounts reach nobody else.
  std::string run_directory = kGuestRun;
  // What the host shares, as a path that we can open. A storage of a shared file system binds it;
  // without one the root of each container is bound from it when the guest has none. Empty: none.
  std::string shared_directory;
  // The guest's cgroup, below that of this process; empty: a name that nobody else has,
  // guest-PID-NUMBER.
  std::string cgroup;
  // Where faults.json of seam `agent` is looked for at each call, a directory of its own beside
  // that of other seams; empty: there are no faults.
  std::string fault_directory;
  // The first process of a machine: the clock may be set, and a shared file system is mounted from
  // its device; shared_directory has no meaning.
  bool is_init = false;
  // The guest turns itself off: after DestroySandbox was answered. May be empty. Called from the
  // loop.
  std::function<void()> power_off;
};

}  // namespace fakes
