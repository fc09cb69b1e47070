// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "base/unique_fd.h"

namespace fakes {

// The listening socket at `path`, made with its directory; a dead one in the way is replaced. Not
// ok() (without an error) when somebody listens there already. One caller at a time gets it.
absl::StatusOr<base::UniqueFd> ClaimNullSocket(const std::string& path);

}  // namespace fakes
