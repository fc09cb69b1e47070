// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include "base/unique_fd.h"

namespace backends {

// The master of a terminal as whoever made it sends it over the unix socket `socket`, which does
// not block: one message with one descriptor. FAILED_PRECONDITION if there is none yet, UNAVAILABLE
// if what comes carries none.
absl::StatusOr<base::UniqueFd> ReceiveConsole(int socket);

}  // namespace backends
