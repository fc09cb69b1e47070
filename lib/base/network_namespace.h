// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/functional/function_ref.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include "base/unique_fd.h"

namespace base {

// A network namespace with nothing in it but a loopback device, which is down. It is there as long
// as the descriptor, or somebody in it. Needs CAP_SYS_ADMIN, as below.
absl::StatusOr<UniqueFd> MakeNetworkNamespace();

// Runs `body` with the calling thread in the network namespace behind `space`; sockets and taps
// that it opens stay there. Other threads are not moved. A thread that cannot get back ends the
// process.
absl::Status InNetworkNamespace(const UniqueFd& space, absl::FunctionRef<absl::Status()> body);

}  // namespace base
