// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>

#include "base/unique_fd.h"

// Taps: links whose frames a program reads and writes, each behind a virtio-net header. They are
// made in the network namespace of the calling thread.
namespace netlink {

// One that stays, for a program to open by its name, until DeleteLink. ALREADY_EXISTS: there is a
// link of this name.
absl::Status CreateTap(const std::string& name);

// Opens one, non-blocking; makes one that goes with the descriptor if there is none. A tap is open
// once: INTERNAL (EBUSY) while another has it.
absl::StatusOr<base::UniqueFd> OpenTap(const std::string& name);

}  // namespace netlink
