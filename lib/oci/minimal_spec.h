// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "oci/spec.h"

namespace oci {

// The least that runc, crun and their kin accept for a Linux container that runs `args` from
// <bundle>/rootfs as root: own pid, ipc, uts and mount namespaces, /proc, /dev with ptys and shm,
// the usual capabilities, no limits. It needs nothing from the rootfs but the program, and no
// privilege beyond what creating namespaces and mounts takes.
Spec MinimalLinuxSpec(Strings args);

}  // namespace oci
