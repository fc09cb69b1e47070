// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "reference-shim/shim/backend.h"

namespace backends {

// Containers of an OCI engine (runc, crun) driven by its command line, as containerd's runc-v2 does
// it (contract 7.5): same engine root, same files in the bundle, so that either shim's `delete`
// cleans up after the other. Takes over `context.reaper`'s OnOrphan.
std::unique_ptr<shim::Backend> MakeOciBackend(const shim::BackendContext& context);

}  // namespace backends
