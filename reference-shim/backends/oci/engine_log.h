// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/strings/string_view.h>

#include <string>

namespace backends {

// The message of the last error in an engine's log: JSON lines with members `level` and `msg`
// (--log-format json). Lines that are no such thing, cut ones included, are passed over; empty if
// there is no error.
std::string LastLoggedError(absl::string_view log);

}  // namespace backends
