// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <string>

#include "base/unique_fd.h"
#include "reference-shim/backends/vm/vmm_process.h"
#include "reference-shim/shim/backend.h"

namespace backends {

// virtiofsd, which shows a directory of the host to one guest: Debian 12's, which comes with QEMU,
// or the one that has taken its place. It ends by itself when its hypervisor does.
class VirtiofsDaemon {
 public:
  // `context` is borrowed.
  explicit VirtiofsDaemon(const shim::BackendContext& context) : process_(context) {}

  // Both call `exited` as VmmProcess does; call one of them once.

  // Starts `program` for `directory`; a hypervisor that is told so connects at `socket`, once.
  absl::Status StartAt(const std::string& program, const std::string& directory,
                       const std::string& socket, std::function<void()> exited);
  // Starts `program` for `directory` and returns a hypervisor's end of the connection to it, for
  // vhost-user; `scratch` exists and is where its socket is for the moment.
  absl::StatusOr<base::UniqueFd> Start(const std::string& program, const std::string& directory,
                                       const std::string& scratch, std::function<void()> exited);

  [[nodiscard]] VmmProcess& process() { return process_; }

 private:
  absl::Status Spawn(const std::string& program, const std::string& directory,
                     const base::UniqueFd& listener, std::function<void()> exited);

  VmmProcess process_;
};

// Where `name` is: beside the shim, in PATH, or where distributions put it, which is in neither.
// NOT_FOUND says so.
absl::StatusOr<std::string> FindVirtiofsDaemon(const std::string& name);

}  // namespace backends
