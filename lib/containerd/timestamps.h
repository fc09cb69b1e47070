// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <chrono>
#include <optional>

namespace containerd {

// Go's zero time.Time as it travels when a field has no time yet (TASK-09).
inline constexpr std::int64_t kGoZeroTimeSeconds = -62135596800;

google::protobuf::Timestamp ToTimestamp(std::chrono::system_clock::time_point time);

// nullopt when the message holds no time: the default message, Go's zero time, nanos outside one
// second, or seconds that system_clock cannot count (about 292 years around 1970).
std::optional<std::chrono::system_clock::time_point> FromTimestamp(
    const google::protobuf::Timestamp& timestamp);

}  // namespace containerd
