// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace netlink {

// Objects in one answer: a namespace with a full table of the internet's routes is refused.
inline constexpr std::size_t kMessagesMax = 256U * 1024;

// A list that changed while the kernel wrote it is asked for again, this often.
inline constexpr int kListTries = 8;

}  // namespace netlink
