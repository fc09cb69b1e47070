// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace fakes {

// How long killed processes may take to end.
inline constexpr int kEndMsMax = 10'000;

// How long a freezer may take.
inline constexpr int kFreezeMsMax = 2'000;

// What a failing start reports at most.
inline constexpr std::size_t kStartErrorBytesMax = 65536;

}  // namespace fakes
