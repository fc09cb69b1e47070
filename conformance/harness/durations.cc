// SPDX-License-Identifier: Apache-2.0
#include "conformance/harness/durations.h"

#include <absl/strings/ascii.h>
#include <absl/strings/numbers.h>
#include <absl/strings/strip.h>
#include <absl/time/time.h>

#include <algorithm>
#include <cstdint>

namespace conformance {
namespace {

constexpr std::int64_t kDurationMsMax = 3600 * 1000;

}  // namespace

std::optional<std::chrono::milliseconds> ParseDuration(absl::string_view text) {
  double factor = 1000;
  if (absl::ConsumeSuffix(&text, "ms")) {
    factor = 1;
  } else if (!absl::ConsumeSuffix(&text, "s")) {
    return std::nullopt;
  }
  // SimpleAtod would pass over blanks.
  const auto is_blank = [](char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); };
  double value = 0;
  if (std::any_of(text.begin(), text.end(), is_blank) || !absl::SimpleAtod(text, &value)) {
    return std::nullopt;
  }
  const double ms = value * factor;
  if (!(ms >= 1 && ms <= static_cast<double>(kDurationMsMax))) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(ms));
}

std::optional<std::chrono::milliseconds> ParseLongDuration(absl::string_view text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration)) return std::nullopt;
  if (duration < absl::Seconds(1) || duration > absl::Hours(24 * 7)) return std::nullopt;
  return absl::ToChronoMilliseconds(duration);
}

}  // namespace conformance
