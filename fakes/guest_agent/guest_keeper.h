// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "base/child_reaper.h"
#include "base/unique_fd.h"
#include "container/namespaces.h"

namespace fakes {

// The process that is the guest for those in it: first of a pid namespace, in which all containers
// live, and holder of the network, IPC and UTS namespaces that they share. It dies with this
// process, and all of them with it, however this process ends: what a VM is to its hypervisor.
class GuestKeeper {
 public:
  // Returns once it is there. `hostname` empty: that of the host. `network`: the namespace that it
  // shall hold; not ok(): a new one. `reaper` is borrowed.
  static absl::StatusOr<std::unique_ptr<GuestKeeper>> Start(base::ChildReaper& reaper,
                                                            const std::string& hostname,
                                                            const base::UniqueFd& network);
  // Kills it and everything in it, and waits for the end; processes in it that are children of ours
  // must have been reaped before, since the kernel lets the first of a namespace go last.
  ~GuestKeeper();
  GuestKeeper(const GuestKeeper&) = delete;
  GuestKeeper& operator=(const GuestKeeper&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Of a namespace of the guest: "pid", "network", "ipc", "uts".
  [[nodiscard]] std::string NamespacePath(const std::string& type) const;
  // Adds to `plan` that the process lives in the guest's pid namespace, or in one of its own below.
  absl::Status Confine(container::NamespacePlan& plan) const;

 private:
  GuestKeeper(pid_t pid, base::UniqueFd life, base::UniqueFd pid_namespace);

  pid_t pid_;
  base::UniqueFd life_;  // it ends when this is closed
  base::UniqueFd pid_namespace_;
  base::ChildReaper::Watch watch_;
  bool gone_ = false;
};

}  // namespace fakes
