// SPDX-License-Identifier: Apache-2.0
#include "containerd/timestamps.h"

namespace containerd {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

google::protobuf::Timestamp ToTimestamp(system_clock::time_point time) {
  // floor, not truncation: nanos count forward also before 1970.
  const auto whole = std::chrono::floor<seconds>(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(whole.time_since_epoch().count());
  timestamp.set_nanos(static_cast<std::int32_t>(duration_cast<nanoseconds>(time - whole).count()));
  return timestamp;
}

std::optional<system_clock::time_point> FromTimestamp(
    const google::protobuf::Timestamp& timestamp) {
  constexpr std::int32_t kNanosPerSecond = 1'000'000'000;
  const std::int64_t whole = timestamp.seconds();
  const std::int32_t nanos = timestamp.nanos();
  if (whole == 0 && nanos == 0) return std::nullopt;
  if (nanos < 0 || nanos >= kNanosPerSecond) return std::nullopt;
  constexpr auto kLast = duration_cast<seconds>(system_clock::duration::max()).count() - 1;
  if (whole > kLast || whole < -kLast) return std::nullopt;  // kGoZeroTimeSeconds is one of them
  return system_clock::time_point(
      duration_cast<system_clock::duration>(seconds(whole) + nanoseconds(nanos)));
}

}  // namespace containerd
