// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reference-shim/shim/backend.h"

namespace shim {

// `-info`: reads runtime options from stdin (a serialized Any, or nothing) and prints a serialized
// RuntimeInfo (INFO-01...05). Needs no namespace, id, bundle or daemon. Returns the exit code.
int InfoCommand(const char* program, const BackendFactory& factory);

// `-v`: prints name and version.
int VersionCommand(const char* program);

}  // namespace shim
