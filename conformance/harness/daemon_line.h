// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <array>
#include <string>

namespace conformance {

// The generations of containerd that treat a shim alike, oldest first. Between two of them at least
// one rule of the contract changes.
enum class DaemonLine { k1_6, k1_7, k2_0, k2_3, k2_4 };
constexpr std::array<DaemonLine, 5> kDaemonLines = {
    DaemonLine::k1_6, DaemonLine::k1_7, DaemonLine::k2_0, DaemonLine::k2_3, DaemonLine::k2_4};

// "1.6", "1.7", "2.0-2.2", "2.3", "2.4".
absl::string_view DaemonLineName(DaemonLine line);

// The check that plays this generation: passed, the shim would run under it; skipped, why not.
std::string DaemonCheckId(DaemonLine line);

// The releases a rule holds for, both included; empty: no bound on that side. A release is
// "MAJOR.MINOR" or "MAJOR.MINOR.PATCH"; of the latter a rule may be younger than its line.
struct Validity {
  absl::string_view since;
  absl::string_view until;
};

// Whether at least one release of `line` is among those of `validity`.
bool HoldsFor(const Validity& validity, DaemonLine line);

// In words: "all", "since 1.7", "until 2.2", "2.2 to 2.3".
std::string ValidityText(const Validity& validity);

}  // namespace conformance
