// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace backends::testing {

// A child of the test binary that plays a shim which is killed in the middle of an engine command:
// starts a fake engine that hangs, in the directory args[0], and passes on its stdout, where the
// engine prints its pid.
inline constexpr char kEngineHolder[] = "engine-holder";
int RunEngineHolder(const std::vector<std::string>& args);

}  // namespace backends::testing
